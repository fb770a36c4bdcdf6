"""What the tests of the HTTP server share: a server as a process, clients, event streams.

Everything that is started is stopped by its process id; waits have bounds.
"""
import hashlib
import http.client
import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time

USERS = {'olga': 'agent', 'ivan': 'supervisor', 'root': 'operator'}
MACHINE = 'm' * 64


def ha1(user, password, realm='zvonar'):
    return hashlib.md5(f'{user}:{realm}:{password}'.encode()).hexdigest()


class Server:
    """A bed program with its folder of secrets; numbers go to struct zv_http_params."""

    def __init__(self, program, users=None, **numbers):
        self.users = dict(USERS if users is None else users)
        self.dir = tempfile.mkdtemp(prefix='zvonar-api-')
        self.secrets, self.tokens = self.path('secrets'), self.path('tokens')
        self.fill_secrets()
        args = {'address': '127.0.0.1', 'secrets': self.secrets, 'tokens': self.tokens,
                'users': self.people()} | numbers
        self.process = subprocess.Popen([program] + [f'{k}={v}' for k, v in args.items()], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        first = self.process.stdout.readline().strip()
        self.port = int(first) if first.isdigit() else None
        self.said = first

    def fill_secrets(self):
        self.write(self.secrets, ''.join(f'{u}:zvonar:{ha1(u, "pw-" + u)}\n' for u in self.users))
        self.write(self.tokens, f'# machines\n{hashlib.sha256(MACHINE.encode()).hexdigest()} integrator crm\n')

    def people(self):
        return ','.join(f'{u}:{role}:Name of {u}' for u, role in self.users.items())

    def path(self, name):
        return os.path.join(self.dir, name)

    @staticmethod
    def write(path, text, mode=0o600):
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        os.chmod(path, mode)

    def tell(self, line):
        """A command to the bed; its answer's line."""
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stats(self):
        return json.loads(self.tell('stats'))

    def publish(self, event, data, user='-', roles=0, passing=False):
        said = self.tell(f'{"passing" if passing else "pub"} {user} {roles} {event} {json.dumps(data)}')
        assert said == '0', said

    def stop(self):
        """Ends it and says with which status."""
        try:
            if self.process.poll() is None:
                self.process.stdin.write('quit\n')
                self.process.stdin.flush()
            return self.process.wait(timeout=20)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            return self.process.wait(timeout=20)
        finally:
            self.process.stdin.close()
            self.process.stdout.close()
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- requests ----

    def ask(self, method, path, body=None, token=None, headers=None, host=None):
        """(status, headers, JSON or bytes) of one request on a connection of its own."""
        h = dict(headers or {})
        if token:
            h['Authorization'] = 'Bearer ' + token
        if host is not None:
            h['Host'] = host
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            h.setdefault('Content-Type', 'application/json')
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        try:
            c.request(method, path, body=body.encode() if isinstance(body, str) else body, headers=h)
            r = c.getresponse()
            data = r.read()
            if 'json' in (r.getheader('Content-Type') or '') and data:
                data = json.loads(data)
            return r.status, r.headers, data
        finally:
            c.close()

    def login(self, user, password=None):
        status, _, got = self.ask('POST', '/api/v1/session',
                                  {'user': user, 'password': password or 'pw-' + user})
        assert status == 200, got
        return got['token']

    def raw(self, data, wait=5):
        """What comes back for these bytes until the server is silent or closes."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=wait) as s:
            s.sendall(data)
            got = b''
            try:
                while True:
                    part = s.recv(65536)
                    if not part:
                        break
                    got += part
                    if b'\r\n\r\n' in got and b'Content-Length: ' in got:
                        head, _, rest = got.partition(b'\r\n\r\n')
                        if len(rest) >= int(head.split(b'Content-Length: ')[1].split(b'\r\n')[0]):
                            break
            except TimeoutError:
                pass
            return got


class Stream:
    """Server-sent events, read by hand from a socket of its own (WHATWG HTML, 9.2)."""

    def __init__(self, server, token, last_id=None, wait=10, rcvbuf=None, headers=''):
        self.socket = socket.socket()
        if rcvbuf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.socket.settimeout(wait)
        self.socket.connect(('127.0.0.1', server.port))
        extra = f'Last-Event-ID: {last_id}\r\n' if last_id is not None else ''
        self.socket.sendall((f'GET /api/v1/events HTTP/1.1\r\nHost: localhost:{server.port}\r\n'
                             f'Authorization: Bearer {token}\r\n{extra}{headers}\r\n').encode())
        self.raw, self.text, self.ended, self.last_id = b'', b'', False, last_id
        self.head = b''
        self.status = None

    def feed(self, data):
        """Takes bytes of the connection; whole chunks become text."""
        self.raw += data
        if self.status is None:
            if b'\r\n\r\n' not in self.raw:
                return
            self.head, _, self.raw = self.raw.partition(b'\r\n\r\n')
            self.status = int(self.head.split()[1])
        while self.status == 200 and b'\r\n' in self.raw:
            line, _, rest = self.raw.partition(b'\r\n')
            n = int(line, 16)
            if n == 0:
                self.ended = True
                return
            if len(rest) < n + 2:
                return
            self.text += rest[:n]
            self.raw = rest[n + 2:]

    def take(self):
        """The whole events so far."""
        out = []
        while b'\n\n' in self.text:
            one, _, self.text = self.text.partition(b'\n\n')
            fields = {}
            for line in one.decode().split('\n'):
                name, _, value = line.partition(': ')
                fields[name] = value
            if 'id' in fields:
                self.last_id = fields['id']
            fields['data'] = json.loads(fields['data'])
            out.append(fields)
        return out

    def next(self, seconds=10):
        """Events until at least one is there, the end, or the time is over."""
        until = time.monotonic() + seconds
        while True:
            got = self.take()
            if got or self.ended:
                return got
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return []
            data = self.socket.recv(65536)
            if not data:
                self.ended = True
            self.feed(data)

    def until(self, event, seconds=10, n=1):
        """All events up to the nth of that name."""
        out = []
        end = time.monotonic() + seconds
        while sum(e['event'] == event for e in out) < n and time.monotonic() < end:
            got = self.next(max(0.01, end - time.monotonic()))
            if not got and self.ended:
                break
            out += got
        return out

    def close(self):
        self.socket.close()


def wait_for(what, seconds=10):
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.02)
