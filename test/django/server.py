#!/usr/bin/python3
"""A WSGI server with a fixed number of threads, on a private socket.

  test/django/server.py SOCKET THREADS

Each thread keeps its connections to the database, as CONN_MAX_AGE says.
"""
import socket
import socketserver
import sys
from concurrent.futures import ThreadPoolExecutor
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from wsgi import application


class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Server(WSGIServer):
    address_family = socket.AF_UNIX
    request_queue_size = 128

    def __init__(self, path, threads):
        self.pool = ThreadPoolExecutor(threads)
        super().__init__(path, Handler)
        self.set_app(application)

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "clinic", 80
        self.setup_environ()

    def get_request(self):
        return self.socket.accept()[0], ("127.0.0.1", 0)

    def process_request(self, request, client_address):
        self.pool.submit(self.work, request, client_address)

    def work(self, request, client_address):
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass        # the client went away
        finally:
            self.shutdown_request(request)


if __name__ == "__main__":
    Server(sys.argv[1], int(sys.argv[2])).serve_forever()
