#!/usr/bin/env python3
"""zvonarctl agent passwd, token new, list, revoke; the files are judged by Python's own digests.
usage: secrets_test.py ZVONARCTL"""
import hashlib
import os
import pty
import select
import stat
import subprocess
import sys
import tempfile
import unittest

CTL = sys.argv.pop(1)


def ha1(user, realm, password):
    return hashlib.md5(f'{user}:{realm}:{password}'.encode()).hexdigest()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix='zvonar-secrets-')
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def read(self, name):
        with open(self.path(name), encoding='utf-8') as f:
            return f.read()

    def ctl(self, *args, stdin=''):
        return subprocess.run([CTL, *args], input=stdin, capture_output=True, text=True, timeout=30, check=False)

    def passwd(self, user, password, *more):
        return self.ctl('agent', 'passwd', user, '--file', self.path('secrets'), *more, stdin=password + '\n')


class Passwords(Case):
    def test_what_is_kept_is_the_digest_and_the_file_is_the_owners_alone(self):
        self.assertEqual(self.passwd('olga', 'correct horse').returncode, 0)
        self.assertEqual(self.read('secrets'), f'olga:zvonar:{ha1("olga", "zvonar", "correct horse")}\n')
        self.assertEqual(stat.S_IMODE(os.stat(self.path('secrets')).st_mode), 0o600)
        self.assertEqual(self.passwd('ivan', 'ünïcödé пароль', '--realm', 'office').returncode, 0)
        self.assertEqual(self.passwd('olga', 'another one').returncode, 0)
        self.assertEqual(sorted(self.read('secrets').split('\n')), sorted(
            ['', f'ivan:office:{ha1("ivan", "office", "ünïcödé пароль")}', f'olga:zvonar:{ha1("olga", "zvonar", "another one")}']))

    def test_a_secret_is_taken_out(self):
        self.passwd('olga', 'correct horse')
        self.assertEqual(self.passwd('olga', '', '--remove').returncode, 0)
        self.assertEqual(self.read('secrets'), '')
        self.assertEqual(self.passwd('olga', '', '--remove').returncode, 3)

    def test_weak_and_odd_ones_are_refused_and_change_nothing(self):
        for user, password in (('olga', 'short'), ('olga', 'x' * 129), ('olga', 'tab\tinside it'), ('a:b', 'correct horse'),
                               ('', 'correct horse'), ('x' * 40, 'correct horse')):
            got = self.passwd(user, password)
            self.assertEqual(got.returncode, 2, (user, password))
            self.assertFalse(os.path.exists(self.path('secrets')))
        self.assertEqual(self.ctl('agent', 'passwd', 'olga', '--file', self.path('secrets')).returncode, 2)

    def test_a_file_that_others_may_read_is_refused(self):
        with open(self.path('secrets'), 'w', encoding='ascii') as f:
            f.write('')
        os.chmod(self.path('secrets'), 0o644)
        got = self.passwd('olga', 'correct horse')
        self.assertEqual(got.returncode, 1)
        self.assertIn('chmod 600', got.stderr)

    def test_the_configuration_says_where_and_for_which_realm(self):
        os.mkdir(self.path('etc'))
        with open(self.path('etc/zvonar.yaml'), 'w', encoding='ascii') as f:
            f.write('phones: {secrets: ../secrets, realm: house}\nhttp: {tokens: machines}\nagents: {olga: {title: Olga}}\n')
        got = self.ctl('-c', self.path('etc/zvonar.yaml'), 'agent', 'passwd', 'olga', stdin='correct horse\n')
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertNotIn('no agent', got.stderr)
        self.assertEqual(self.read('secrets'), f'olga:house:{ha1("olga", "house", "correct horse")}\n')
        got = self.ctl('-c', self.path('etc/zvonar.yaml'), 'agent', 'passwd', 'nina', stdin='correct horse\n')
        self.assertIn('no agent nina', got.stderr)
        self.assertEqual(self.ctl('-c', self.path('etc/zvonar.yaml'), 'token', 'new', 'crm').returncode, 0)
        self.assertTrue(os.path.exists(self.path('etc/machines')))

    def at_terminal(self, *typed):
        """Types lines when it is asked for them; (status, all that was shown)."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(CTL, [CTL, 'agent', 'passwd', 'olga', '--file', self.path('secrets')])
        shown = b''
        for line in typed:
            while not shown.endswith(b': '):
                self.assertTrue(select.select([fd], [], [], 20)[0], shown)
                shown += os.read(fd, 1000)
            os.write(fd, line.encode() + b'\n')
            shown += b'\n'
        try:
            while True:
                part = os.read(fd, 1000)
                if not part:
                    break
                shown += part
        except OSError:
            pass
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_at_a_terminal_it_is_asked_for_twice_and_not_shown(self):
        status, shown = self.at_terminal('correct horse', 'correct horse')
        self.assertEqual(status, 0, shown)
        self.assertNotIn(b'correct', shown)
        self.assertIn(ha1('olga', 'zvonar', 'correct horse'), self.read('secrets'))
        status, shown = self.at_terminal('one password', 'another one')
        self.assertEqual(status, 2)
        self.assertIn(ha1('olga', 'zvonar', 'correct horse'), self.read('secrets'))


class Tokens(Case):
    def token(self, *args):
        return self.ctl('token', *args, '--file', self.path('tokens'))

    def test_a_token_is_printed_once_and_its_hash_is_kept(self):
        got = self.token('new', 'crm')
        self.assertEqual(got.returncode, 0, got.stderr)
        token = got.stdout.strip()
        self.assertRegex(token, '^[0-9a-f]{64}$')
        self.assertEqual(self.read('tokens'), f'{hashlib.sha256(token.encode()).hexdigest()} integrator crm\n')
        self.assertEqual(stat.S_IMODE(os.stat(self.path('tokens')).st_mode), 0o600)
        other = self.token('new', 'prometheus', '--role', 'operator').stdout.strip()
        self.assertNotEqual(token, other)
        rows = self.token('list', '--tsv').stdout.splitlines()
        self.assertEqual(sorted(r.split('\t')[:2] for r in rows), [['crm', 'integrator'], ['prometheus', 'operator']])
        self.assertNotIn(token, ''.join(rows))

    def test_a_name_has_one_and_after_revoking_none(self):
        first = self.token('new', 'crm').stdout
        self.assertEqual(self.token('new', 'crm').returncode, 1)
        self.token('new', 'other')
        self.assertEqual(self.token('revoke', 'crm').returncode, 0)
        self.assertEqual(self.token('revoke', 'crm').returncode, 3)
        self.assertEqual(self.token('list', '--tsv').stdout.split('\t')[0], 'other')
        again = self.token('new', 'crm').stdout
        self.assertNotEqual(first, again)

    def test_comments_stay_and_odd_words_are_refused(self):
        with open(self.path('tokens'), 'w', encoding='ascii') as f:
            f.write('# machines of the house')
        os.chmod(self.path('tokens'), 0o600)
        self.assertEqual(self.token('new', 'crm').returncode, 0)
        self.assertTrue(self.read('tokens').startswith('# machines of the house\n'))
        self.assertEqual(self.token('new', 'x', '--role', 'king').returncode, 2)
        self.assertEqual(self.token('new', 'a b').returncode, 2)
        with open(self.path('tokens'), 'a', encoding='ascii') as f:
            f.write('nonsense\n')
        self.assertEqual(self.token('new', 'y').returncode, 1)
        self.assertEqual(self.token('list').returncode, 1)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v'] + sys.argv[1:])
