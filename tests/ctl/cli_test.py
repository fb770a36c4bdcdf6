#!/usr/bin/env python3
"""The command line of zvonarctl: options, help, exit statuses, and a daemon made of Python behind
the control socket.  usage: cli_test.py ZVONARCTL"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

CTL = sys.argv[1]
COMMANDS = [['status'], ['campaign', 'list'], ['campaign', 'show'], ['campaign', 'start'],
            ['campaign', 'pause'], ['campaign', 'stop'], ['list', 'import'], ['leads', 'export'],
            ['attempts', 'export'], ['outbox', 'list'], ['report'], ['store', 'check'],
            ['store', 'info'], ['rules', 'check'], ['rules', 'list'], ['rules', 'test'],
            ['numbers', 'import'], ['numbers', 'show'], ['log', 'level'], ['reload'], ['drain']]


def ctl(*args, env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith('ZVONAR_')}
    return subprocess.run([CTL, *args], capture_output=True, timeout=30, text=True,
                          env={**clean, **(env or {})})


class Usage(unittest.TestCase):
    def refused(self, *args, says=''):
        done = ctl(*args)
        self.assertEqual(done.returncode, 2, args)
        self.assertEqual(done.stdout, '')
        self.assertIn(says, done.stderr)

    def test_every_command_has_its_help(self):
        for command in COMMANDS:
            done = ctl(*command, '--help')
            self.assertEqual(done.returncode, 0, command)
            self.assertIn('usage: zvonarctl ' + ' '.join(command), done.stdout)
            self.assertEqual(done.stderr, '')

    def test_the_general_help_names_every_command(self):
        text = ctl('--help').stdout
        for command in COMMANDS:
            self.assertIn('  ' + ' '.join(command), text)
        self.assertIn('campaign start', ctl('campaign', '--help').stdout)

    def test_unknown_options_are_refused(self):
        self.refused('--frobnicate', says='--frobnicate')
        for command in COMMANDS:
            self.refused(*command, '--nonsense', says='--nonsense')
            self.refused(*command, '-Q', says='-Q')

    def test_an_option_of_another_command_is_refused(self):
        self.refused('store', 'info', '--dry-run')
        self.refused('campaign', 'list', '--campaign', 'x')

    def test_options_are_not_abbreviated(self):
        self.refused('campaign', 'list', '--js')

    def test_unknown_commands_and_verbs_are_refused(self):
        self.refused(says='a command')
        self.refused('dance', says='dance')
        self.refused('campaign', says='verb')
        self.refused('campaign', 'dance', says='dance')
        self.refused('dance', '--help', says='dance')

    def test_too_few_and_too_many_arguments_are_refused(self):
        self.refused('report', says='missing')
        self.refused('list', 'import', 'x', says='missing')
        self.refused('report', 'a', 'b', says='too many')
        self.refused('campaign', 'list', 'x', says='too many')

    def test_values_are_checked(self):
        self.refused('--json=1', 'campaign', 'list', says='no value')
        self.refused('campaign', 'list', '--store', says='needs a value')
        self.refused('campaign', 'list', '--json', '--csv', says='one format')
        self.refused('report', 'x', '--format', 'pdf', says='html')
        self.refused('report', 'x', '--tsv', says='tsv')
        self.refused('attempts', 'export', '--format', 'html', says='csv')
        self.refused('log', 'level', 'loud', says='debug')
        self.refused('list', 'import', 'x', 'f', '--country', 'de', says='kz')
        self.refused('list', 'import', 'x', 'f', '--delimiter', '|', says='tab')
        self.refused('leads', 'export', says='--campaign')
        self.refused('-s', 'x' * 200, 'status', says='107')

    def test_a_double_dash_ends_the_options(self):
        self.assertEqual(ctl('-d', '/nonexistent', 'report', '--', '--help').returncode, 3)

    def test_the_version_is_told(self):
        done = ctl('--version')
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r'^zvonarctl \d+\.\d+\.\d+\n$')


class Daemon:
    """Answers every request with what `answer` gives; bytes are sent as they are."""

    def __init__(self, path, answer):
        self.requests = []
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen()
        self.answer = answer
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.sock.accept()
            except OSError:
                return
            with peer, peer.makefile('rb') as lines:
                for line in lines:
                    self.requests.append(json.loads(line))
                    out = self.answer(self.requests[-1])
                    if isinstance(out, dict):
                        out = json.dumps(out).encode() + b'\n'
                    try:
                        peer.sendall(out)
                    except OSError:
                        break  # the program had enough of it
                    if not out.endswith(b'\n'):
                        break

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Control(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory(prefix='zv-cli-')
        self.path = os.path.join(self.temp.name, 's')

    def tearDown(self):
        self.temp.cleanup()

    def daemon(self, answer):
        d = Daemon(self.path, answer)
        self.addCleanup(d.close)
        return d

    def test_no_daemon_is_69(self):
        for command in (['status'], ['reload'], ['drain'], ['log', 'level', 'info']):
            done = ctl('-s', self.path, *command)
            self.assertEqual(done.returncode, 69, command)
            self.assertIn(self.path, done.stderr)
            self.assertEqual(done.stdout, '')

    def test_a_dead_socket_is_69(self):
        s = socket.socket(socket.AF_UNIX)
        s.bind(self.path)
        s.close()
        self.assertEqual(ctl('-s', self.path, 'status').returncode, 69)

    def test_requests_are_what_the_daemon_understands(self):
        d = self.daemon(lambda r: {'ok': True})
        for args in (['campaign', 'start', 'база'], ['campaign', 'pause', 'b'], ['campaign', 'stop', 'b'],
                     ['log', 'level', 'debug'], ['reload'], ['drain']):
            self.assertEqual(ctl('-s', self.path, *args).returncode, 0, args)
        self.assertEqual(d.requests, [
            {'cmd': 'campaign_start', 'campaign': 'база'}, {'cmd': 'campaign_pause', 'campaign': 'b'},
            {'cmd': 'campaign_stop', 'campaign': 'b'}, {'cmd': 'log_level', 'level': 'debug'},
            {'cmd': 'reload'}, {'cmd': 'drain'}])

    def test_the_socket_may_come_from_the_environment(self):
        self.daemon(lambda r: {'ok': True})
        self.assertEqual(ctl('reload', env={'ZVONAR_SOCKET': self.path}).returncode, 0)

    def test_refusals_are_1_and_not_found_is_3(self):
        self.daemon(lambda r: {'ok': False, 'error': 'denied', 'text': 'no \x1b[2J'})
        done = ctl('-s', self.path, 'reload')
        self.assertEqual(done.returncode, 1)
        self.assertIn('no ?[2J', done.stderr)

    def test_not_found_is_3(self):
        self.daemon(lambda r: {'ok': False, 'error': 'not_found', 'text': 'no campaign'})
        self.assertEqual(ctl('-s', self.path, 'campaign', 'start', 'x').returncode, 3)

    def test_status_is_shown_flat_and_as_json(self):
        self.daemon(lambda r: {'ok': True, 'calls': {'now': 3}, 'list': [{'name': 'x', 'n': 1}, 5],
                               'state': 'a\tb\x1b'})
        done = ctl('-s', self.path, 'status', '--tsv')
        self.assertEqual(done.stdout.splitlines(), ['calls.now\t3', 'list.x.name\tx', 'list.x.n\t1',
                                                    'list.1\t5', 'state\ta b?'])
        self.assertEqual(json.loads(ctl('-s', self.path, 'status', '--json').stdout)['calls'], {'now': 3})

    def test_nonsense_from_the_socket_is_an_error(self):
        for bad in (b'hello\n', b'[1]\n', b'{"ok":tru', b'', b'\xff\xfe\n', b'x' * 3000000):
            if os.path.exists(self.path):
                os.unlink(self.path)
            d = Daemon(self.path, lambda r, bad=bad: bad)
            done = ctl('-s', self.path, 'status')
            d.close()
            self.assertEqual(done.returncode, 1, bad[:20])
            self.assertEqual(done.stdout, '')


if __name__ == '__main__':
    done = unittest.main(argv=[sys.argv[0]], exit=False).result
    bad = len(done.failures) + len(done.errors)
    print(f'{done.testsRun - bad} passed, {bad} failed, 0 skipped')
    sys.exit(bad > 0)
