"""Simulated agents at their screens: each logs in by the HTTP API, follows its events and does what
an agent does.  One thread an agent; nothing of zvonard is used but its API."""
import http.client
import json
import random
import threading
import time


class Refused(Exception):
    """The API said no; status and problem are there to be read."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('type', '')} {problem.get('detail', '')}")
        self.status, self.problem = status, problem


class Api:
    """A user's session."""

    def __init__(self, host, port, token=None):
        self.host, self.port, self.token = host, port, token
        self.lock = threading.Lock()
        self.connection = None

    def call(self, method, path, body=None, headers=None):
        """The answer's JSON, or Refused.  A kept connection that the server has ended is opened anew."""
        text = None if body is None else json.dumps(body)
        send = dict(headers or {})
        if text is not None:
            send["Content-Type"] = "application/json"
        if self.token:
            send["Authorization"] = "Bearer " + self.token
        with self.lock:
            for last in (False, True):
                try:
                    if self.connection is None:
                        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
                    self.connection.request(method, path, text, send)
                    answer = self.connection.getresponse()
                    data = answer.read()
                    break
                except (OSError, http.client.HTTPException):
                    self.connection = None
                    if last:
                        raise
        got = json.loads(data) if data else {}
        if answer.status >= 400:
            raise Refused(answer.status, got if isinstance(got, dict) else {})
        return got

    def login(self, user, password):
        self.token = self.call("POST", "/api/v1/session", {"user": user, "password": password})["token"]

    def events(self, last=None):
        """(name, data, id, seconds since the epoch at which it was read); ends with the stream."""
        c = http.client.HTTPConnection(self.host, self.port, timeout=60)
        headers = {"Authorization": "Bearer " + self.token, "Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        c.request("GET", "/api/v1/events", headers=headers)
        answer = c.getresponse()
        if answer.status != 200:
            raise Refused(answer.status, {})
        name, data, number = "message", [], None
        while True:
            line = answer.fp.readline() if not answer.chunked else answer.readline()
            if not line:
                return
            line = line.decode().rstrip("\r\n")
            if not line:
                if data:
                    yield name, json.loads("\n".join(data)), number, time.time()
                name, data = "message", []
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif line.startswith("id:"):
                number = line[3:].strip()


class Screen(threading.Thread):
    """One agent.  talk, wrap: () -> seconds."""

    def __init__(self, host, port, user, password, talk, wrap, seed, results=(), pause_every=0, pause_for=0):
        super().__init__(daemon=True)
        self.api = Api(host, port)
        self.actions = Api(host, port)
        self.user, self.password = user, password
        self.talk, self.wrap, self.results = talk, wrap, results
        self.random = random.Random(seed)
        self.look = lambda: self.random.uniform(0.5, 2)  # seconds that a lead is read in preview
        self.pause_every, self.pause_for = pause_every, pause_for
        self.stop = threading.Event()
        self.timers = []
        self.seen = []          # (time, what, call)
        self.cards = {}         # call -> time of its card
        self.bridged = {}       # call -> time at which the page said talking
        self.began_ms = {}      # call -> the engine's time of that
        self.errors = []
        self.state, self.phone, self.call, self.since = "offline", "gone", None, time.time()
        self.number = ""
        self.times = {}         # state -> seconds
        self.next_pause = None

    def do(self, action, **body):
        try:
            self.actions.call("POST", "/api/v1/desk/" + action, body)
            return True
        except (Refused, OSError, http.client.HTTPException) as error:
            self.errors.append((time.time(), action, str(error)))
            return False

    def later(self, seconds, what):
        timer = threading.Timer(seconds, what)
        timer.daemon = True
        self.timers = [t for t in self.timers if t.is_alive()] + [timer]
        timer.start()

    # A person whose button did nothing presses it again.

    def hang_up(self, call):
        if self.state == "talking" and self.call == call and not self.do("hangup"):
            self.later(1, lambda: self.hang_up(call))

    def done(self, call):
        if self.state == "wrapup" and self.call == call:
            body = {"result": self.random.choice(self.results)} if self.results else {}
            if not self.do("done", **body):
                self.later(1, lambda: self.done(call))

    def pause(self):
        if self.state == "ready":
            self.do("pause", code=1 + self.random.randrange(4))
            self.later(self.random.expovariate(1 / self.pause_for) if self.pause_for else 1, self.ready)
        self.later(self.random.expovariate(1 / self.pause_every), self.pause)

    def dial(self):
        if self.state == "reserved" and not self.call:
            self.do("dial")

    def ready(self):
        if self.state == "paused":
            self.do("ready")

    def log_in_phone(self):
        if self.state == "offline" and not self.stop.is_set():
            if not self.do("login"):
                self.later(1, self.log_in_phone)

    def on_agent(self, data, at):
        state, call, phone = data["state"], data.get("call"), data.get("phone")
        if state != self.state:
            self.times[self.state] = self.times.get(self.state, 0) + at - self.since
            self.since = at
        before, self.state, was_call, self.call, self.phone = self.state, state, self.call, call, phone
        self.number = data.get("number", "")
        if state == "talking" and (before != "talking" or call != was_call):
            self.bridged[call] = at
            self.began_ms[call] = data["since_ms"]
            self.later(self.talk(), lambda: self.hang_up(call))
        elif state == "wrapup" and before != "wrapup":
            self.later(self.wrap(), lambda: self.done(call))
        elif state == "reserved" and data.get("kind") == "preview" and not call:
            self.later(self.look(), self.dial)
        elif state == "paused" and before == "offline":
            self.do("ready")
        elif state == "offline" and before != "offline":
            self.later(1, self.log_in_phone)

    def run(self):
        last = None
        try:
            self.api.login(self.user, self.password)
            self.actions.token = self.api.token
        except (Refused, OSError, http.client.HTTPException) as error:
            self.errors.append((time.time(), "session", str(error)))
            return
        if self.pause_every:
            self.later(self.random.expovariate(1 / self.pause_every), self.pause)
        self.later(0.5, self.log_in_phone)
        while not self.stop.is_set():
            try:
                for name, data, number, at in self.api.events(last):
                    last = number or last
                    if name == "card":
                        self.cards[data.get("attempt")] = at
                        self.seen.append((at, "card", data.get("attempt")))
                    elif name == "agent" and data.get("user") == self.user:
                        self.seen.append((at, data["state"], data.get("call")))
                        self.on_agent(data, at)
                    if self.stop.is_set():
                        return
            except (Refused, OSError, http.client.HTTPException, ValueError) as error:
                if not self.stop.is_set():
                    self.errors.append((time.time(), "events", str(error)))
                    self.stop.wait(0.5)
                    last = self.log_in_again(error, last)

    def log_in_again(self, error, last):
        """A zvonard that was started anew knows no session of before."""
        if not isinstance(error, Refused) or error.status != 401:
            return last
        try:
            self.api.token = None
            self.api.login(self.user, self.password)
            self.actions.token = self.api.token
            self.state = "offline"
            self.later(0.5, self.log_in_phone)
            return None
        except (Refused, OSError, http.client.HTTPException):
            return last

    def leave(self):
        self.stop.set()
        for timer in self.timers:
            timer.cancel()
        self.times[self.state] = self.times.get(self.state, 0) + time.time() - self.since
