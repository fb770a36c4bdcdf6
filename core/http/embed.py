#!/usr/bin/env python3
"""Makes one C file of the pages below a folder: each as it is and packed, with an ETag of its bytes.

usage: embed.py FOLDER OUT.c DEPFILE
index.html is /, floor.html is /floor, any other file is /static/NAME.
"""
import gzip
import hashlib
import os
import sys

TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
         '.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
         '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.ico': 'image/x-icon',
         '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8', '.webmanifest': 'application/manifest+json'}
ROOT = {'index.html': '/', 'floor.html': '/floor'}


def array(name, data):
    rows = [','.join(str(b) for b in data[i:i + 32]) for i in range(0, len(data), 32)]
    return f'static const unsigned char {name}[] = {{\n' + ',\n'.join(rows or ['0']) + '\n};\n'


def main():
    folder, out, depfile = sys.argv[1:]
    found, folders = [], []
    for where, dirs, names in os.walk(folder):
        dirs.sort()
        folders.append(where)
        found += [os.path.join(where, n) for n in names
                  if not n.startswith('.') and os.path.splitext(n)[1] in TYPES]
    found.sort()
    parts, rows = ['#include "http/static.h"\n'], []
    for i, path in enumerate(found):
        with open(path, 'rb') as f:
            data = f.read()
        packed = gzip.compress(data, 9, mtime=0)
        name = os.path.relpath(path, folder)
        parts += [array(f'raw_{i}', data), array(f'gz_{i}', packed)]
        rows.append('\t{"%s", "%s", "\\"%s\\"", raw_%d, %d, gz_%d, %d},' % (
            ROOT.get(name, '/static/' + name), TYPES[os.path.splitext(name)[1]],
            hashlib.sha256(data).hexdigest()[:24], i, len(data), i, len(packed)))
    rows.append('\t{0},')
    parts.append('const struct zv_static zv_statics[] = {\n' + '\n'.join(rows) + '\n};\n')
    with open(out, 'w', encoding='ascii') as f:
        f.write('\n'.join(parts))
    with open(depfile, 'w', encoding='ascii') as f:
        f.write(f'{out}: ' + ' '.join(p.replace(' ', '\\ ') for p in found + folders) + '\n')


main()
