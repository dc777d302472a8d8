"""AWS by its own names, for a client that cannot be sent to another endpoint: a proxy that answers for them itself.

The client is told of it by `HTTPS_PROXY`, and trusts its certificate through `SSL_CERT_FILE` or `AWS_CA_BUNDLE`.
"""

import contextlib
import datetime
import socket
import ssl
import tempfile
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from surroundings import REGION

SESSIONS = f"ssmmessages.{REGION}.amazonaws.com"
HOSTS = (f"kms.{REGION}.amazonaws.com", SESSIONS)


@contextlib.contextmanager
def impostor(endpoint):
    """Answers as AWS with what the emulator at `endpoint` says; gives the environment that leads there, and the authority's file."""
    port = int(endpoint.rsplit(":", 1)[1])
    with tempfile.TemporaryDirectory(prefix="bartizan-names-") as folder:
        context, authority = _certificates(Path(folder))
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield {"HTTPS_PROXY": proxy, "https_proxy": proxy}, str(authority)
        finally:
            listener.close()


def _accept(listener, context, port):
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=_answer, args=(listener.accept()[0], context, port), daemon=True).start()


def _answer(connection, context, port):
    with connection, contextlib.suppress(OSError):
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(4096) or b"\r\n\r\n"
        if asked.split(b" ")[:2] not in [[b"CONNECT", f"{host}:443".encode()] for host in HOSTS]:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with context.wrap_socket(connection, server_side=True) as client:
            with socket.create_connection(("127.0.0.1", port)) as emulator:
                back = threading.Thread(target=_copy, args=(emulator, client), daemon=True)
                back.start()
                _copy(client, emulator)
                emulator.shutdown(socket.SHUT_WR)
                back.join()


def _copy(source, sink):
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)


def _certificates(folder):
    """A TLS context for the names, and the file of the authority that vouches for it."""
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a private authority")])
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    basic = x509.BasicConstraints(ca=True, path_length=0)
    authority = _certificate(issuer, issuer, ca_key.public_key(), ca_key, basic, critical=True)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS, as it were")])
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    certificate = _certificate(subject, issuer, key.public_key(), ca_key, names, critical=False)
    trusted, public, private = folder / "authority.pem", folder / "certificate.pem", folder / "key.pem"
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, trusted


def _certificate(subject, issuer, key, signer, extension, critical):
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=critical)
        .sign(signer, hashes.SHA256())
    )
