#!/usr/bin/env python3
"""Compares core/base/tz with zdump (offsets at every change) and Python's zoneinfo (wall clock
to instant).  tz_truth.py TZ_ASK; every zone of the system when ZVONAR_LONG is set."""
import calendar
import datetime as dt
import os
import re
import subprocess
import sys
import zoneinfo

SOME = """Europe/Moscow Europe/Kaliningrad Europe/Samara Asia/Yekaterinburg Asia/Omsk
Asia/Novosibirsk Asia/Krasnoyarsk Asia/Irkutsk Asia/Yakutsk Asia/Vladivostok Asia/Magadan
Asia/Kamchatka Asia/Almaty Asia/Qyzylorda Asia/Aqtau Europe/Kyiv Europe/Simferopol Europe/Berlin
Europe/London Europe/Dublin Africa/Casablanca Africa/El_Aaiun Africa/Cairo Asia/Jerusalem
Asia/Gaza Asia/Tehran Asia/Amman Asia/Kathmandu Asia/Beirut America/New_York America/Nuuk
America/Scoresbysund America/Santiago America/Asuncion America/Sao_Paulo America/St_Johns
America/Havana Antarctica/Troll Antarctica/Casey Australia/Lord_Howe Pacific/Apia
Pacific/Chatham Pacific/Norfolk Pacific/Kiritimati Pacific/Easter UTC""".split()
FOOTERS = ["<+03>-3", "EST5EDT,M3.2.0,M11.1.0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
           "IST-2IDT,M3.4.4/26,M10.5.0", "EET-2EEST,M3.4.4/50,M10.4.4/50", "NZST-12NZDT,M9.5.0,M4.1.0/3",
           "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
           "IRST-3:30IRDT,J80/0,J264/0", "AAA1BBB,59/5,300/0", "CCC-10DDD,J60/167,J300/-167"]
YEARS = (2020, 2037)
MONTHS = {m: i for i, m in enumerate(calendar.month_abbr)}
LINE = re.compile(r"(\w{3}) +(\d+) (\d+):(\d+):(\d+) (\d+) UTC? = .* gmtoff=(-?\d+)$")


def changes(zone):
    """[(utc seconds, offset)] at each change and one second before it, by zdump."""
    out = subprocess.run(["zdump", "-v", "-c", f"{YEARS[0]},{YEARS[1] + 1}", zone], text=True,
                         capture_output=True, check=True).stdout
    got = []
    for line in out.splitlines():
        m = LINE.search(line)
        if m and YEARS[0] <= int(m[6]) <= YEARS[1]:
            got.append((calendar.timegm((int(m[6]), MONTHS[m[1]], int(m[2]), int(m[3]), int(m[4]),
                                         int(m[5]))), int(m[7])))
    return got


def first_instant(zone, wall, change_s):
    """By zoneinfo: fold=0 is the earlier of two; in a gap the change itself."""
    local = (dt.datetime(1970, 1, 1) + dt.timedelta(seconds=wall)).replace(tzinfo=zone, fold=0)
    at = int(local.timestamp())
    back = dt.datetime.fromtimestamp(at, zone).replace(tzinfo=None)
    if back != local.replace(tzinfo=None):
        return change_s
    return at


def main():
    ask = sys.argv[1]
    zones = SOME
    if os.environ.get("ZVONAR_LONG"):
        zones = sorted(z for z in zoneinfo.available_timezones() if not z.startswith("right/"))
    asked, want, n_changes = [], [], 0
    for name in zones + [":" + f for f in FOOTERS]:
        found = changes(name.lstrip(":"))
        if name[0] == ":" and len(found) < 30 and "," in name:
            sys.exit(f"zdump told only {len(found)} moments of {name}")
        n_changes += len(found) // 2
        # every change, and a plain moment a month between them
        for at, offset in found:
            asked.append(f"{name}|{at}")
            want.append(offset)
        if name[0] == ":":
            continue
        zone = zoneinfo.ZoneInfo(name)
        for month in range((YEARS[1] - YEARS[0] + 1) * 12):
            at = calendar.timegm((YEARS[0] + month // 12, month % 12 + 1, 15, 12, 34, 56))
            asked.append(f"{name}|{at}")
            want.append(int(dt.datetime.fromtimestamp(at, zone).utcoffset().total_seconds()))
        for (_, before), (at, after) in zip(found[::2], found[1::2]):
            low, high = sorted((at + before, at + after))
            for wall in (low - 1, low, low + 1, (low + high) // 2, high - 1, high, high + 1):
                asked.append(f"{name}|L {wall // 86400} {wall % 86400}")
                want.append(1000 * first_instant(zone, wall, at))
    got = subprocess.run([ask], input="\n".join(asked) + "\n", text=True, capture_output=True,
                         check=True).stdout.split()
    bad = [(q, w, g) for q, w, g in zip(asked, want, got) if str(w) != g]
    for q, w, g in bad[:20]:
        print(f"{q}: {g}, should be {w}")
    print(f"{len(zones)} zones, {len(FOOTERS)} footers, {n_changes} changes, {len(asked)} questions, "
          f"{len(bad)} wrong")
    if bad or len(got) != len(asked) or n_changes < 500:
        sys.exit(1)


main()
