#!/usr/bin/env python3
"""Makes C text of the API's schemas: schemas.py IN.json OUT.c"""
import json
import sys

with open(sys.argv[1], encoding='utf-8') as f:
    text = json.dumps(json.load(f)).encode('ascii')
with open(sys.argv[2], 'w', encoding='ascii') as f:
    f.write('#include "app/api.h"\n\nconst char zv_api_schemas[] = {\n')
    for i in range(0, len(text), 32):
        f.write(','.join(str(b) for b in text[i:i + 32]) + ',\n')
    f.write('0};\n')
