"""Certificates of a test, made by the openssl program: authorities, good ones and wrong ones."""
import os
import subprocess


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.cert = os.path.join(folder, name + ".pem")
        self.key = os.path.join(folder, name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", "/CN=" + name, "-keyout", self.key, "-out", self.cert)

    def sign(self, name, alt="", start="", end=""):
        """(certificate, key) with that subjectAltName; alt like 'DNS:sip.example,IP:127.0.0.1'.
        start, end: YYYYMMDDHHMMSSZ, to be out of date."""
        cert, key, req, ext = (os.path.join(self.folder, name + e) for e in (".crt", ".key", ".csr", ".ext"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                "-keyout", key, "-out", req)
        with open(ext, "w") as f:
            f.write("basicConstraints=CA:FALSE\n" + ("subjectAltName=%s\n" % alt if alt else ""))
        if not start:
            openssl("x509", "-req", "-in", req, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-days", "7",
                    "-extfile", ext, "-out", cert)
            return cert, key
        # only "openssl ca" dates back
        with open(os.path.join(self.folder, "index.txt"), "w"), open(os.path.join(self.folder, "serial"), "w") as f:
            f.write("1000\n")
        conf = os.path.join(self.folder, "ca.cnf")
        with open(conf, "w") as f:
            f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\nserial=%s/serial\nnew_certs_dir=%s\n"
                    "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n" % ((self.folder,) * 3))
        openssl("ca", "-batch", "-config", conf, "-in", req, "-cert", self.cert, "-keyfile", self.key, "-extfile", ext,
                "-startdate", start, "-enddate", end, "-notext", "-out", cert)
        return cert, key


def self_signed(folder, name, alt):
    cert, key = os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".key")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7",
            "-subj", "/CN=" + name, "-addext", "subjectAltName=" + alt, "-addext", "basicConstraints=CA:FALSE",
            "-keyout", key, "-out", cert)
    return cert, key
