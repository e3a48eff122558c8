# SPDX-License-Identifier: MIT
"""Changes supervisord 4.2.5 where a container with a small budget needs it to differ.

1. The main loop sleeps until something is due. The package's own polls once a second, also before
   it starts the first program, and acts on a signal only when that second is over (PEP 475).
2. Programs of one priority are stopped together, the highest priority first.
3. Output of programs (stdout_syslog=true) and supervisord's own lines go to /dev/log, whole lines
   under the program's name and process id; to standard error while nobody reads /dev/log.
4. The programs of the lowest priority are started first; all others wait until /dev/log is there,
   at most LOG_WAIT_S, so that none of their first lines is lost. The lowest priority is therefore
   that of the reader of /dev/log.
5. A program that is given up is logged at level error, so that the default log level shows it.
6. XML-RPC requests are read with expat alone.

LIMITS: a program's AUTO log file is /dev/log too; XML-RPC values of the types base64 and
dateTime.iso8601, which no method takes, are not read.
SOURCES: supervisord.org "Configuration File", "XML-RPC API"; syslog(3); fcntl(2) "File and
directory change notification"; Python library "signal".
"""
import fcntl
import os
import signal
import socket
import time
from xml.parsers import expat

import supervisor.rpcinterface  # loaded now, not when the configuration names it
from supervisor import dispatchers, events, loggers, options, process, supervisord, xmlrpc
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.states import ProcessStates, SupervisorStates

LOG_SOCKET = "/dev/log"
LOG_WAIT_S = 2
LINE_MAX = 8000
FACILITY_DAEMON = 3 << 3
SEVERITY_INFO = 6
SEVERITY_DEBUG = 7
SEVERITIES = {50: 2, 40: 3, 30: 4, 20: SEVERITY_INFO}  # of supervisor's levels CRIT to INFO


# ---- log -----------------------------------------------------------------------------------------


class SystemLog:
    """The socket /dev/log. A line that cannot be delivered there goes to standard error."""

    TIMEOUT_S = 0.2

    def __init__(self):
        self.socket = None

    def send(self, severity, program, pid, line):
        """Logs LINE, text or bytes without line feed, as PROGRAM[PID]."""
        if isinstance(line, str):
            line = line.encode("utf-8", "replace")
        text = b"%s[%d]: %s" % (program.encode(), pid, line)
        # The first failure may only mean that the reader was restarted.
        for _ in range(2):
            try:
                if self.socket is None:
                    self.connect()
                self.socket.send(b"<%d>%s" % (FACILITY_DAEMON | severity, text))
                return
            except OSError:
                self.close()
        write_to_stderr(text)

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(self.TIMEOUT_S)
        self.socket.connect(LOG_SOCKET)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def write_to_stderr(text):
    """Writes a line in the form that rsyslogd gives to all others."""
    now = time.time()
    local = time.localtime(now)
    zone = time.strftime("%z", local)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", local)
    head = f"{stamp}.{int(now % 1 * 1e6):06}{zone[:3]}:{zone[3:]} {os.uname().nodename} "
    try:
        os.write(2, head.encode() + text + b"\n")
    except OSError:
        pass


SYSTEM_LOG = SystemLog()


class Handler(loggers.Handler):
    """Takes supervisord's own lines."""

    def emit(self, record):
        severity = SEVERITIES.get(record.level, SEVERITY_DEBUG)
        for line in record.asdict()["message"].rstrip("\n").split("\n"):
            SYSTEM_LOG.send(severity, "supervisord", os.getpid(), line)

    def close(self):
        pass

    reopen = remove = flush = close


class LineDispatcher(dispatchers.POutputDispatcher):
    """Logs the whole lines of a program; an unfinished one when it ends or grows too long."""

    def __init__(self, proc, event_type, fd):
        super().__init__(proc, event_type, fd)
        self.by_line = getattr(proc.config, f"{self.channel}_syslog")

    def record_output(self):
        if not self.by_line:
            super().record_output()
            return
        *lines, rest = self.output_buffer.split(b"\n")
        if len(rest) > LINE_MAX:
            lines.append(rest)
            rest = b""
        self.output_buffer = rest
        self.log_lines(lines)

    def log_lines(self, lines):
        for line in lines:
            if line:
                name = self.process.config.name
                SYSTEM_LOG.send(SEVERITY_INFO, name, self.process.pid, line[:LINE_MAX])

    def close(self):
        if self.by_line and self.output_buffer:
            self.log_lines([self.output_buffer])
            self.output_buffer = b""
        super().close()


def log_automatically(config):
    """ProcessConfig.create_autochildlogs: without a log file a program logs as all others do."""
    for channel in ("stdout", "stderr"):
        if getattr(config, f"{channel}_logfile") is options.Automatic:
            setattr(config, f"{channel}_logfile", None)
            setattr(config, f"{channel}_syslog", True)


# ---- programs ------------------------------------------------------------------------------------


class Subprocess(process.Subprocess):
    READS_MAX = 64

    def drain(self):
        """Reads all that an ended program has written, not only the first block."""
        for dispatcher in self.dispatchers.values():
            for _ in range(self.READS_MAX):
                if not dispatcher.readable():
                    break
                dispatcher.handle_read_event()

    def give_up(self):
        why = self.spawnerr
        super().give_up()
        self.config.options.logger.error(
            f"{self.config.name} entered FATAL state after its last start retry: {why}")


class LogSocketWatch:
    """Tells whether LOG_SOCKET is there; wakes the main loop, by SIGIO, when it appears."""

    def __init__(self):
        self.deadline = time.monotonic() + LOG_WAIT_S
        self.directory = None
        signal.signal(signal.SIGIO, lambda *_: None)
        try:
            self.directory = os.open(os.path.dirname(LOG_SOCKET), os.O_RDONLY | os.O_CLOEXEC)
            fcntl.fcntl(self.directory, fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_MULTISHOT)
        except OSError:
            self.deadline = 0

    def is_over(self):
        return os.path.exists(LOG_SOCKET) or time.monotonic() >= self.deadline

    def close(self):
        if self.directory is not None:
            os.close(self.directory)
        signal.signal(signal.SIGIO, signal.SIG_IGN)


class Supervisor(supervisord.Supervisor):
    IDLE_S = 3600
    EVENTS_MAX_S = 1  # with event listeners, which may ask for a tick
    TIMED_MAX_S = 5  # with a waiting program, so that a clock set back does not hold it up
    SLACK_S = 0.01

    log_watch = None

    def runforever(self):
        events.notify(events.SupervisorRunningEvent())
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.log_watch = LogSocketWatch()
        try:
            while True:
                self.advance()
                self.wait(reader)
        finally:
            signal.set_wakeup_fd(-1)
            os.close(reader)
            os.close(writer)

    def advance(self):
        """Does all that is due now."""
        self.reap()
        while self.options.signal_receiver._signals_recvd:
            self.handle_signal()
        self.tick()
        for group in self.ready_groups():
            group.transition()
        if self.options.mood < SupervisorStates.RUNNING:
            self.stop_next()

    def ready_groups(self):
        """All groups by priority; only those of the lowest one while they open the log socket."""
        groups = sorted(self.process_groups.values())
        if self.log_watch and self.log_watch.is_over():
            self.log_watch.close()
            self.log_watch = None
        if self.log_watch:
            groups = [g for g in groups if g.config.priority == groups[0].config.priority]
        return groups

    def stop_next(self):
        """Stops the programs of the highest priority that still has running ones."""
        if not self.stopping:
            self.stopping = True
            events.notify(events.SupervisorStoppingEvent())
        groups = [g for g in self.process_groups.values() if g.get_unstopped_processes()]
        if not groups:
            raise asyncore.ExitNow
        top = max(group.config.priority for group in groups)
        for group in groups:
            if group.config.priority == top:
                group.stop_all()
        self.shutdown_report()

    def wait(self, wakeup_fd):
        """Sleeps until a descriptor is ready or a program is due, and serves the descriptors."""
        poller = self.options.poller
        sources = dict(self.options.get_socket_map())
        sources.update(self.get_process_map())
        for fd, source in sources.items():
            if source.readable():
                poller.register_readable(fd)
            if source.writable():
                poller.register_writable(fd)
        poller.register_readable(wakeup_fd)
        readable, writable = poller.poll(self.due_in())
        for fd in readable:
            if fd == wakeup_fd:
                os.read(fd, 4096)
            elif fd in sources:
                serve(sources[fd], "handle_read_event")
                if not sources[fd].readable():
                    poller.unregister_readable(fd)
        for fd in writable:
            if fd in sources:
                serve(sources[fd], "handle_write_event")
                if not sources[fd].writable():
                    poller.unregister_writable(fd)

    def due_in(self):
        """Seconds until a program changes state by itself or a delayed answer is asked for."""
        now = time.time()
        due = self.EVENTS_MAX_S if events.callbacks else self.IDLE_S
        if self.log_watch:
            due = max(0, self.log_watch.deadline - time.monotonic())
        for channel in self.options.get_socket_map().values():
            due = min(due, getattr(channel, "delay", 0) or due)
        for group in self.process_groups.values():
            for proc in group.processes.values():
                if proc.state == ProcessStates.STARTING:
                    left = proc.laststart + proc.config.startsecs - now
                elif proc.state in (ProcessStates.BACKOFF, ProcessStates.STOPPING):
                    left = proc.delay - now
                else:
                    continue
                due = min(due, self.TIMED_MAX_S, max(left, 0) + self.SLACK_S)
        return due


def serve(source, event):
    """Calls the method EVENT of a dispatcher as the package's own loop does."""
    try:
        getattr(source, event)()
    except asyncore.ExitNow:
        raise
    except Exception:
        source.handle_error()


# ---- configuration and control socket ------------------------------------------------------------


class ServerOptions(options.ServerOptions):
    def read_config(self, source):
        section = super().read_config(source)
        # Having no drop-in file is nothing to warn of.
        self.parse_warnings = [w for w in self.parse_warnings if "via include" not in w]
        return section

    def cleanup_fds(self):
        """All descriptors of this process are close-on-exec and have an owner who closes them."""

    def setpgrp(self):
        """Gives a program a session, not only a process group, of its own: no terminal reaches it,
        and Postfix's master, which insists on a session, is content."""
        os.setsid()

    def openhttpservers(self, supervisor):
        """Takes over a control socket left behind; keeps quiet about having no password."""
        for config in self.server_configs:
            if config["family"] == socket.AF_UNIX:
                remove_stale(config["file"])
        critical = self.logger.critical
        self.logger.critical = lambda text, **kw: (
            "'unix_http_server' running without" in text or critical(text, **kw))
        super().openhttpservers(supervisor)
        del self.logger.critical


def remove_stale(path):
    """Removes a socket that nobody listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            pass


# ---- XML-RPC -------------------------------------------------------------------------------------


class Request:
    """Method and parameters of a request: scalars, arrays and structs."""

    SCALARS = {
        "int": int, "i4": int, "boolean": "1".__eq__, "string": str, "double": float,
    }
    CONTAINERS = {"array": list, "struct": dict}

    def __init__(self, data):
        self.method = None
        self.params = []
        self.containers = [self.params]
        self.names = []
        self.text = []
        self.value = None
        self.is_typed = False
        parser = expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = lambda text: self.text.append(text)
        parser.StartDoctypeDeclHandler = self.refuse
        parser.Parse(data, True)

    @staticmethod
    def refuse(*_declaration):
        raise ValueError("document type declaration in a request")

    def start(self, tag, _attributes):
        self.text = []
        if tag == "value":
            self.is_typed = False
        elif tag in self.CONTAINERS:
            self.containers.append(self.CONTAINERS[tag]())

    def end(self, tag):
        text = "".join(self.text)
        self.text = []
        if tag == "methodName":
            self.method = text
        elif tag == "name":
            self.names.append(text)
        elif tag == "value":
            self.add(self.value if self.is_typed else text)
            self.is_typed = True
        elif tag in self.SCALARS:
            self.value = self.SCALARS[tag](text)
            self.is_typed = True
        elif tag in self.CONTAINERS:
            self.value = self.containers.pop()
            self.is_typed = True

    def add(self, value):
        container = self.containers[-1]
        if isinstance(container, dict):
            container[self.names.pop()] = value
        else:
            container.append(value)


def loads(_handler, data):
    """supervisor_xmlrpc_handler.loads"""
    request = Request(data)
    return tuple(request.params), request.method


def apply():
    """Makes the changes and returns the changed module supervisor.supervisord."""
    loggers.SyslogHandler = Handler
    loggers.handle_syslog = lambda _logger, fmt: None  # LineDispatcher does it
    dispatchers.POutputDispatcher = LineDispatcher
    options.ProcessConfig.create_autochildlogs = log_automatically
    process.Subprocess = Subprocess
    supervisord.Supervisor = Supervisor
    supervisord.ServerOptions = ServerOptions
    xmlrpc.supervisor_xmlrpc_handler.loads = loads
    return supervisord
