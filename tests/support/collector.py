"""A collector of spans: what it is sent by OTLP over HTTP is taken apart and printed, a span a line, as JSON."""

import http.server
import json


def fields(data):
    """The fields of a protobuf message: number and value, which is an integer or bytes."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(data):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            yield number, varint()
            continue
        length = {1: 8, 5: 4}.get(kind) or varint()
        value = data[position : position + length]
        position += length
        yield number, int.from_bytes(value, "little") if kind in (1, 5) else value


def inside(message, number):
    return [value for found, value in fields(message) if found == number]


def attributes(message, number):
    told = {}
    for pair in inside(message, number):
        (key,), (value,) = inside(pair, 1), inside(pair, 2)
        ((kind, value),) = fields(value)
        told[key.decode()] = value.decode() if kind == 1 else value
    return told


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        for of_resource in inside(body, 1):
            (resource,) = inside(of_resource, 1)
            for of_scope in inside(of_resource, 2):
                for span in inside(of_scope, 2):
                    (name,), (began,), (ended,) = inside(span, 5), inside(span, 7), inside(span, 8)
                    told = {"path": self.path, "type": self.headers["content-type"], "service": attributes(resource, 1)}
                    told |= {"name": name.decode(), "says": attributes(span, 9), "took_ns": ended - began}
                    status = inside(span, 15)
                    told["failed"] = bool(status) and inside(status[0], 3) == [2]
                    print(json.dumps(told | {"raw": span.decode("latin-1")}), flush=True)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
print(server.server_port, flush=True)
server.serve_forever()
