"""What the Python agents share: the loop of requests (see clients/agent.ts), and a group member with its own thread."""

import base64
import json
import queue
import sys
import threading

BROKER = sys.argv[1]
TIMEOUT_S = 30


def decode(text):
    return None if text is None else base64.b64decode(text)


def encode(data):
    if data is None:
        return None
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


class Member:
    """A consumer in a group. Its thread polls, and runs everything else that is asked of the consumer in between.

    A subclass opens the consumer and implements `poll`, `assignment` and the operations.
    """

    def __init__(self):
        self.records = []
        self.revoked = []
        self.assigned = []
        self.assignments = 0
        self.failure = None
        self._lock = threading.Lock()
        self._tasks = queue.Queue()
        self._open = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self.open()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            return
        while self._open:
            try:
                found = self.poll()
                with self._lock:
                    self.records.extend(found)
                    self.assigned = sorted(self.assignment())
            except Exception as error:
                self.failure = f"{type(error).__name__}: {error}"
            while not self._tasks.empty():
                work, done = self._tasks.get()
                try:
                    done.put((work(), None))
                except Exception as error:
                    done.put((None, error))

    def call(self, work):
        """Runs `work` on the member's thread and returns its result or raises its error."""
        done = queue.Queue()
        self._tasks.put((work, done))
        result, error = done.get(timeout=TIMEOUT_S)
        if error is not None:
            raise error
        return result

    def view(self):
        """What came since the last view, and what the member owns."""
        with self._lock:
            records, self.records = self.records, []
            shown = {"assigned": self.assigned, "assignments": self.assignments, "revoked": list(self.revoked)}
            return {**shown, "records": records, "failure": self.failure}

    def leave(self):
        def close():
            self._open = False
            self.close()

        self.call(close)
        self._thread.join(TIMEOUT_S)
        return self.view()


def member_operations(make):
    """The operations on members by name. `make(**join arguments)` creates one."""
    members = {}

    def join(member, **arguments):
        members[member] = make(**arguments)

    def leave(member):
        return members.pop(member).leave()

    def on(name):
        return lambda member, **arguments: members[member].call(lambda: getattr(members[member], name)(**arguments))

    operations = {name: on(name) for name in ["commit", "seek", "pause", "resume"]}
    return {"join": join, "leave": leave, "view": lambda member: members[member].view(), **operations}


def serve(operations):
    for line in sys.stdin:
        request = json.loads(line)
        request_id, op = request.pop("id"), request.pop("op")
        try:
            answer = {"id": request_id, "result": operations[op](**request)}
        except Exception as error:  # Whatever the library throws is the answer.
            answer = {"id": request_id, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
