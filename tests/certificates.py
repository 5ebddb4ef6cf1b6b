# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for tests, made with openssl when it is needed: certificates(folder) gives paths."""
import os
import subprocess


def openssl(*arguments, cwd):
    subprocess.run(("openssl",) + arguments, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def authority(folder, name):
    openssl("req", "-x509", *KEY, "-days", "3650", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=folder)


def leaf(folder, name, signer, common_name, names, days="825"):
    openssl("req", *KEY, "-subj", f"/CN={common_name}", "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=folder)
    with open(os.path.join(folder, f"{name}.ext"), "w") as f:
        f.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial", "-extfile",
            f"{name}.ext", "-out", f"{name}.pem", "-days", days, cwd=folder)


def certificates(folder):
    """Makes ca.pem (to be trusted), other.pem (not), and for each of good, wrong, expired, untrusted, own a pair NAME.pem, NAME.key."""
    os.makedirs(folder, exist_ok=True)
    here = "DNS:localhost,IP:127.0.0.1,IP:::1"
    authority(folder, "ca")
    authority(folder, "other")
    leaf(folder, "good", "ca", "localhost", here)
    leaf(folder, "wrong", "ca", "elsewhere.example", "DNS:elsewhere.example")
    leaf(folder, "expired", "ca", "localhost", here, days="-1")
    leaf(folder, "untrusted", "other", "localhost", here)
    openssl("req", "-x509", *KEY, "-days", "30", "-subj", "/CN=localhost", "-addext", f"subjectAltName={here}", "-keyout", "own.key", "-out",
            "own.pem", cwd=folder)
    return folder


def fingerprint(folder, name):
    import hashlib
    import ssl
    with open(os.path.join(folder, f"{name}.pem")) as f:
        return "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()
