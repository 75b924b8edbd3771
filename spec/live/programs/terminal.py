"""Signals, job control and terminals, seen from the other side of a pseudo-terminal.

terminal.py WHAT [PREFIX ...] runs its commands with PREFIX before them and prints what happened.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

prefix = sys.argv[2:]


def words(*command):
    return [*prefix, *command]


def shown(*command):
    return " ".join(words(*command))


def status_of(code):
    return code if code >= 0 else 128 - code


class Terminal:
    """A command on the far side of a pseudo-terminal."""

    def __init__(self, command, size=(24, 80)):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(PS1="$ ", TERM="dumb", HISTFILE="", INPUTRC="/dev/null")
            os.execvp(command[0], command)
        self.text = ""
        self.resize(*size)

    def resize(self, rows, columns):
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.file, text.encode())

    def expect(self, pattern, timeout=10):
        """Reads on until the pattern came; the groups of the match."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.text)
            if match:
                self.text = self.text[match.end():]
                return match.groups() or True
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.file], [], [], left)[0]:
                print(f"never came: {pattern!r}, only {self.text!r}")
                return None
            try:
                self.text += os.read(self.file, 4096).decode(errors="replace")
            except OSError:
                self.text += "<end>"
                if not re.search(pattern, self.text):
                    print(f"ended before {pattern!r}: {self.text!r}")
                    return None

    def end(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status_of(os.waitstatus_to_exitcode(status))
            if select.select([self.file], [], [], 0.02)[0]:
                try:
                    os.read(self.file, 4096)
                except OSError:
                    time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        return "never ended"


COUNT = """
n=0; trap 'n=$((n+1))' {name}; echo ready
i=0; while [ $i -lt 12 ]; do sleep 0.02; i=$((i+1)); done; echo $n times; exit 9
"""


def signals():
    """Each signal reaches the command once, whether it is handled, ignored or fatal."""
    names = ["TERM", "INT", "HUP", "USR1", "USR2", "WINCH", "CONT", "QUIT", "ALRM", "URG", "RTMIN"]
    for name in names:
        number = getattr(signal, "SIG" + name)
        shell = COUNT.format(name=int(number))
        process = subprocess.Popen(words("sh", "-c", shell), stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.send_signal(number)
        print(name, "handled:", process.stdout.readline().strip(), process.wait())
    for name in ["TERM", "INT", "HUP", "USR1", "WINCH", "CONT", "RTMIN"]:
        number = getattr(signal, "SIG" + name)
        shell = COUNT.format(name=int(number))
        process = subprocess.Popen(words("sh", "-c", shell), stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        process.stdout.readline()
        os.killpg(process.pid, number)
        # A sleep in it may die of it, too, and then the shell says so.
        print(name, "to the group:", process.stdout.readline().strip(), process.wait())
    for name in ["TERM", "INT", "HUP", "USR1", "QUIT", "ALRM", "VTALRM", "RTMIN", "SEGV", "ABRT"]:
        number = getattr(signal, "SIG" + name)
        command = words("sh", "-c", "ulimit -c 0; echo ready; exec sleep 10")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        time.sleep(0.05)
        begin = time.monotonic()
        process.send_signal(number)
        print(name, "fatal:", status_of(process.wait()), time.monotonic() - begin < 2)


def stops():
    """A process that stops itself, or its child, and is continued by another of the tree."""
    for shell in [
        "(sleep 0.2; cat /dev/null; kill -CONT $$) & kill -STOP $$; echo went on",
        "sleep 5 & kill -STOP $!; cat /dev/null; kill -CONT $!; kill $!; wait $!; echo $?",
    ]:
        try:
            result = subprocess.run(words("sh", "-c", shell), timeout=10, capture_output=True)
            print(result.stdout.decode().strip(), result.returncode)
        except subprocess.TimeoutExpired:
            print("hangs:", shell)


def shell_with_commands():
    """An interactive shell that starts commands with the prefix: job control from outside."""
    shell = Terminal(["bash", "--norc", "--noprofile", "-i"])
    shell.expect(r"\$ $")
    shell.send(shown("sleep", "100") + "\n")
    time.sleep(0.3)
    shell.send("\x03")
    shell.expect(r"\^C\r?\n?.*\$ $")
    shell.send("echo status=$?\n")
    print("Ctrl-C:", shell.expect(r"status=(\d+)\r\n"))
    shell.send(shown("sleep", "100") + "\n")
    time.sleep(0.3)
    shell.send("\x1c")
    shell.expect(r"\$ $")
    shell.send("echo status=$?\n")
    print("Ctrl-\\:", shell.expect(r"status=(\d+)\r\n"))
    interrupts(shell)
    jobs(shell)
    background(shell)
    shell.send("exit 5\n")
    print("exit:", shell.end())


def interrupts(shell):
    shell.send(shown("sh", "-c", "'n=0; trap \"n=\\$((n+1))\" INT; echo rea''dy; "
                     "for i in 1 2 3 4 5 6; do sleep 0.1; done; echo n=$n'") + "\n")
    shell.expect("ready")
    shell.send("\x03")
    print("Ctrl-C, handled:", shell.expect(r"n=(\d+)\r\n"), "times")


def jobs(shell):
    shell.send(shown("cat") + "\n")
    time.sleep(0.3)
    shell.send("before\n")
    print("cat answers:", shell.expect(r"before\r\nbefore\r\n"))
    shell.send("\x1a")
    print("Ctrl-Z:", shell.expect(r"(Stopped)"))
    shell.send("echo status=$?\n")
    print("Ctrl-Z:", shell.expect(r"status=(\d+)\r\n"))
    shell.send("jobs\n")
    print("jobs:", shell.expect(r"\[1\]\+ +(Stopped)"))
    shell.send("fg\n")
    shell.expect(r"cat\r\n")
    time.sleep(0.2)
    shell.send("after\n")
    print("fg, and cat answers:", shell.expect(r"after\r\nafter\r\n"))
    shell.send("\x1a")
    print("Ctrl-Z again:", shell.expect(r"(Stopped)"))
    shell.send("fg\n")
    time.sleep(0.2)
    shell.send("\x04")
    time.sleep(0.2)
    shell.send("echo status=$?\n")
    print("Ctrl-D:", shell.expect(r"status=(\d+)\r\n"))


def background(shell):
    shell.send(shown("sh", "-c", "'sleep 0.6; echo fin''ished; exit 4'") + "\n")
    time.sleep(0.2)
    shell.send("\x1a")
    print("Ctrl-Z:", shell.expect(r"(Stopped)"))
    shell.send("bg\n")
    print("bg:", shell.expect(r"(finished)"))
    shell.send("wait %1; echo status=$?\n")
    print("wait:", shell.expect(r"status=(\d+)\r\n"))
    shell.send(shown("sleep", "0.3") + " & wait $!; echo status=$?\n")
    print("&:", shell.expect(r"status=(\d+)\r\n"))
    shell.send(shown("cat") + " &\n")
    time.sleep(0.4)
    shell.send("jobs\n")
    print("reads in the background:", shell.expect(r"(Stopped)"))
    shell.send("kill %%; fg\n")
    time.sleep(0.2)
    shell.send("echo status=$?\n")
    print("kill:", shell.expect(r"status=(\d+)\r\n"))
    shell.send(shown("sh", "-c", "'echo a; exit 3'") + " | cat; echo ${PIPESTATUS[0]}=\n")
    print("pipe:", shell.expect(r"a\r\n(\d)="))
    shell.send(shown("sh", "-c", "'trap \"stty size; exit 6\" WINCH; echo rea''dy; "
                     "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; done'") + "\n")
    shell.expect("ready")
    shell.resize(33, 99)
    print("SIGWINCH:", shell.expect(r"(\d+ \d+)\r\n"))
    shell.expect(r"\$ $")


def supervised_shell():
    """The interactive shell itself is started with the prefix: job control from inside."""
    shell = Terminal(words("bash", "--norc", "--noprofile", "-i"))
    shell.expect(r"\$ $")
    prefix.clear()
    shell.send("tty; echo is=$?\n")
    print("tty:", shell.expect(r"/dev/pts/\d+\r\nis=(\d)"))
    shell.send("sleep 100\n")
    time.sleep(0.3)
    shell.send("\x03")
    shell.send("echo status=$?\n")
    print("Ctrl-C:", shell.expect(r"status=(\d+)\r\n"))
    interrupts(shell)
    jobs(shell)
    background(shell)
    shell.send("echo to the terminal >/dev/tty; echo status=$?\n")
    print("/dev/tty:", shell.expect(r"\nto the terminal\r\nstatus=(\d)"))
    shell.send("read line </dev/tty; echo got=$line\n")
    time.sleep(0.2)
    shell.send("something\n")
    print("/dev/tty:", shell.expect(r"got=(\w+)\r\n"))
    shell.send("kill -STOP $$\n")
    time.sleep(0.3)
    os.kill(shell.pid, signal.SIGCONT)
    shell.send("echo went on=$?\n")
    print("stop and go on:", shell.expect(r"on=(\d+)\r\n"))
    shell.send("exit 5\n")
    print("exit:", shell.end())


def hang_up():
    """The terminal goes away."""
    for command in [("sleep", "100"), ("bash", "--norc", "--noprofile", "-i")]:
        terminal = Terminal(words(*command))
        time.sleep(0.4)
        os.close(terminal.file)
        begin = time.monotonic()
        while time.monotonic() < begin + 10:
            pid, status = os.waitpid(terminal.pid, os.WNOHANG)
            if pid:
                status = status_of(os.waitstatus_to_exitcode(status))
                # A shell that is not the session's leader may read the end before it is signalled.
                print(command[0], "ended:", status if command[0] == "sleep" else status in (0, 129))
                break
            time.sleep(0.02)
        else:
            print(command[0], "lives on after its terminal")
            os.kill(terminal.pid, signal.SIGKILL)


def inner_terminals():
    """Programs that make pseudo-terminals themselves."""
    code = ("import pty,os,sys; s=pty.spawn(['sh','-c','tty; echo out >/dev/tty; stty size; exit 3']);"
            "print(os.waitstatus_to_exitcode(s))")
    commands = [
        ("script", "-qec", "tty; echo out >/dev/tty; exit 3", "/dev/null"),
        (sys.executable, "-c", code),
        ("setsid", "--wait", "sh", "-c", "echo x >/dev/tty; echo $?"),
        ("sh", "-c", "echo x >/dev/tty; echo $?"),
        (sys.executable, "-c", "import os; m,s=os.openpty(); print(os.isatty(s), os.ttyname(s)[:9]);"
         "os.write(s,b'through\\n'); print(os.read(m,100));"
         "f=os.open(os.ttyname(s),os.O_RDWR|os.O_NOCTTY); os.write(f,b'again\\n'); print(os.read(m,100))"),
    ]
    for command in commands:
        try:
            result = subprocess.run(words(*command), stdin=subprocess.DEVNULL, timeout=15,
                                    capture_output=True, start_new_session=True)
            text = re.sub(rb"/dev/pts/\d+", b"/dev/pts/N", result.stdout + result.stderr)
            print(command[0].split("/")[-1], text, result.returncode)
        except subprocess.TimeoutExpired:
            print(command[0], "hangs")


if __name__ == "__main__":
    {"signals": signals, "stops": stops, "shell-with-commands": shell_with_commands,
     "supervised-shell": supervised_shell, "hang-up": hang_up,
     "inner-terminals": inner_terminals}[sys.argv[1]]()
