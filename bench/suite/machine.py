"""What the figures were taken on."""
import json
import os
import platform
import re
import subprocess
import time


def said(*command):
    """The first line that a command prints, or ""."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    text = (done.stdout + done.stderr).strip()
    return text.splitlines()[0].strip() if text else ""


def field(path, name):
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith(name):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return ""


def package(name):
    return said("dpkg-query", "-W", "-f=${Version}", name) if os.path.exists("/usr/bin/dpkg-query") else ""


def os_name():
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            return dict(line.strip().split("=", 1) for line in file if "=" in line)["PRETTY_NAME"].strip('"')
    except (OSError, KeyError):
        return platform.system()


def build_type(build):
    try:
        with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
            options = {o["name"]: o["value"] for o in json.load(file)}
    except (OSError, ValueError):
        return ""
    sanitized = "" if options.get("b_sanitize", "none") == "none" else f", sanitized ({options['b_sanitize']})"
    return f"{options.get('buildtype', '?')}, assertions {'off' if options.get('b_ndebug') == 'true' else 'on'}{sanitized}"


def compiler(build):
    try:
        with open(os.path.join(build, "meson-info", "intro-compilers.json"), encoding="utf-8") as file:
            c = json.load(file)["host"]["c"]
            return f"{c['id']} {c['version']}"
    except (OSError, ValueError, KeyError):
        return said("cc", "--version")


def versions():
    """Of the peers and of the libraries that the figures hang on; "" where there is none."""
    sipp = re.search(r"v[0-9.]+", subprocess_text("sipp", "-v"))
    found = {"sipp": sipp.group() if sipp else "", "rtpengine": package("rtpengine-daemon"), "baresip": package("baresip-core"),
             "sofia-sip": package("libsofia-sip-ua0"), "lmdb": package("liblmdb0"), "jemalloc": package("libjemalloc2"),
             "dpdk": package("libdpdk-dev") or package("librte-eal23"), "spandsp": package("libspandsp2")}
    return {name: version for name, version in found.items() if version}


def subprocess_text(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def describe(root, build):
    memory = field("/proc/meminfo", "MemTotal").split()
    dirty = said("git", "-C", root, "status", "--porcelain", "--untracked-files=no")
    return {
        "cpu": field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "virtual": "hypervisor" in field("/proc/cpuinfo", "flags"),
        "memory_gb": round(int(memory[0]) / 1e6, 1) if memory else 0,
        "kernel": platform.release(),
        "os": os_name(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "compiler": compiler(build),
        "build": build_type(build),
        "versions": versions(),
        "commit": said("git", "-C", root, "rev-parse", "--short=12", "HEAD") + (" and changes" if dirty else ""),
        "begun": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }


def busy_seconds():
    """CPU seconds that all cores together have worked since the machine started."""
    with open("/proc/stat", encoding="utf-8") as file:
        ticks = [int(x) for x in file.readline().split()[1:]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks[:8]) - idle) / os.sysconf("SC_CLK_TCK")
