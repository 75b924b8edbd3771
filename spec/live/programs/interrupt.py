"""interrupt.py PAUSE COMMAND...: runs COMMAND on a terminal of its own, presses Ctrl-C twice, PAUSE
seconds apart, and prints its exit status."""
import os
import pty
import sys
import time

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
while b"ready" not in seen:
    seen += os.read(terminal, 4096)
for _ in range(2):
    os.write(terminal, b"\x03")
    time.sleep(float(sys.argv[1]))
deadline = time.time() + 3
while time.time() < deadline:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        print("ended", os.waitstatus_to_exitcode(status))
        sys.exit()
    time.sleep(0.05)
print("goes on")
os.kill(pid, 9)
os.waitpid(pid, 0)
