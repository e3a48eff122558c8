# SPDX-License-Identifier: MIT
"""Starts supervisord and supervisorctl of Debian's package without what this image never uses.

What differs from the package's own programs:

1. Imports. pkg_resources, OpenSSL, e-mail, HTML and the web interface are left out; what only an
   unusual request needs is loaded when that comes.
2. Two phases. Everything is imported first; then, if MAILSERVER_GO_FD names a descriptor, one byte
   is awaited there before the configuration is read. End of file instead of the byte means that
   there is nothing to start: exit 0.
3. What adapt.py changes: main loop, order of stopping, log.

The image build runs both programs once, so that Python keeps every module compiled; at run time
the root file system may be read-only.

LIMITS: no web interface, hence no use in an [inet_http_server] section.
SOURCES: supervisor 4.2.5, options.py, http.py, xmlrpc.py; Python library "sys" modules.
"""
import errno
import os
import sys

PACKAGES = "/usr/lib/python3/dist-packages"


LAZY = ("inspect", "ipaddress", "traceback")


class LazyModule(type(sys)):
    """Stands for a module until one of its names is first used."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        own_name = self.__name__
        if sys.modules.get(own_name) is self:
            del sys.modules[own_name]
            __import__(own_name)
        return getattr(sys.modules[own_name], name)


class Unused:
    """Stands for a class or function that this configuration never calls."""

    def __init__(self, *_args, **_kwargs):
        raise NotImplementedError("left out of this image's supervisor")


class NoHandler:
    """An HTTP handler that takes no request; stands for the web interface."""

    def __init__(self, *_args):
        pass

    def match(self, _request):
        return False


class EntryPoint:
    """pkg_resources.EntryPoint as far as supervisor.options uses it: "x=module:function"."""

    @staticmethod
    def parse(text):
        point = EntryPoint()
        point.module, _, point.name = text.split("=", 1)[1].strip().partition(":")
        return point

    def resolve(self):
        __import__(self.module)
        try:
            return getattr(sys.modules[self.module], self.name)
        except AttributeError as why:
            raise ImportError(str(why)) from why


def files_matching(pattern):
    """glob.glob for "directory/*suffix", the one form that the generated [include] section has."""
    directory, _, suffix = pattern.rpartition("/*")
    try:
        names = os.listdir(directory)
    except OSError:
        names = []
    return [f"{directory}/{name}" for name in names if name.endswith(suffix) and name[0] != "."]


class LocalConnection:
    """http.client.HTTPConnection as far as supervisor.xmlrpc uses it on a local socket."""

    def __init__(self, *_host_and_port):
        self.sock = None

    def connect(self):
        """Overridden for a local socket; nothing else is ever listened on."""
        raise ConnectionRefusedError(errno.ECONNREFUSED, "only the local socket is served")

    def request(self, method, path, body, headers):
        if self.sock is None:
            self.connect()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def getresponse(self):
        reader = self.sock.makefile("rb")

        def line():
            text = reader.readline().decode()
            if not text:
                raise ConnectionResetError("supervisord closed the connection")
            return text.rstrip()

        _, status, self.reason = line().split(" ", 2)
        self.status = int(status)
        length = 0
        for field in iter(line, ""):
            name, _, value = field.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        self.read = lambda: reader.read(length)
        return self

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def server_socket_module():
    """The module socket without its enumerations, which cost half a megabyte."""
    import _socket

    class Socket(_socket.socket):
        def accept(self):
            fd, address = self._accept()
            return Socket(fileno=fd), address

        def __enter__(self):
            return self

        def __exit__(self, *_why):
            self.close()

    names = {name: getattr(_socket, name) for name in dir(_socket) if name[0] != "_"}
    names["socket"] = Socket
    return names


def stub(module_name, **names):
    """Puts a module in place that has nothing but NAMES."""
    module = type(sys)(module_name)
    module.__dict__.update(names)
    sys.modules[module_name] = module


def prepare_imports():
    """Leaves out what neither program needs."""
    sys.path.append(PACKAGES)
    stub("glob", glob=files_matching)
    stub("http")
    stub("http.client", HTTPConnection=LocalConnection)
    stub("tempfile", gettempdir=lambda: "/tmp", mkstemp=Unused)
    stub("platform", node=lambda: os.uname().nodename)
    stub("pkg_resources", EntryPoint=EntryPoint)
    stub("gettext", gettext=str)
    stub("hashlib", sha1=Unused, md5=Unused)
    stub("html", escape=Unused)
    stub("html.entities")
    stub("html.parser", HTMLParser=Unused)
    stub("decimal", Decimal=Unused)
    sys.modules["gzip"] = None
    sys.modules["ssl"] = None
    for name in LAZY:
        sys.modules[name] = LazyModule(name)


def prepare_server_imports():
    """Leaves out what only a client or the web interface needs."""
    stub("socket", **server_socket_module())
    stub("urllib.parse", unquote=str, splitquery=lambda uri: (uri.partition("?")[0], None))
    stub("xml.etree.ElementTree", iterparse=Unused)
    stub("supervisor.web", supervisor_ui_handler=NoHandler)
    stub("supervisor.medusa.filesys", os_filesystem=NoHandler)
    stub("supervisor.medusa.default_handler", default_handler=NoHandler)
    stub("supervisor.medusa.auth_handler", auth_handler=NoHandler)


def await_go():
    """Waits for the word to start; exits when there is none."""
    text = os.environ.pop("MAILSERVER_GO_FD", None)
    if text is None:
        return
    fd = int(text)
    go = os.read(fd, 1)
    os.close(fd)
    if not go:
        sys.exit(0)


def serve():
    """supervisord."""
    import gc

    gc.disable()
    prepare_server_imports()
    import adapt

    supervisord = adapt.apply()
    await_go()
    gc.freeze()
    gc.enable()
    supervisord.main()


def control():
    """supervisorctl."""
    from supervisor import supervisorctl

    supervisorctl.main()


def main():
    prepare_imports()
    if sys.argv[0].endswith("ctl"):
        control()
    else:
        serve()
