#!/usr/bin/env python3
"""Tones and cadences made by sox are told apart, at several levels, with noise, in both G.711 laws.
tones_test.py HEAR"""
import array
import functools
import itertools
import random
import subprocess
import sys

HEAR = sys.argv[1]
# name: (answered or early, [(tone or 0, seconds), ...], times, wanted verdict and cause; None: no machine)
E180 = {
    'ring-back Russia': ('early', [('425', 1), (0, 4)], 2, 'ringing RINGBACK'),
    'ring-back Russia, old exchange': ('early', [('425', 0.8), (0, 3.2)], 2, 'ringing RINGBACK'),
    'ring-back France': ('early', [('440', 1.5), (0, 3.5)], 2, 'ringing RINGBACK'),
    'ring-back United States': ('early', [('440+480', 2), (0, 4)], 2, 'ringing RINGBACK'),
    'ring-back United Kingdom': ('early', [('400+450', .4), (0, .2), ('400+450', .4), (0, 2)], 2, 'ringing RINGBACK'),
    'ring-back Turkey': ('early', [('450', 2), (0, 4)], 2, 'ringing RINGBACK'),
    'busy Russia': ('early', [('425', .35), (0, .35)], 5, 'busy BUSYTONE'),
    'busy Kazakhstan': ('early', [('425', .4), (0, .4)], 5, 'busy BUSYTONE'),
    'busy Germany': ('early', [('425', .48), (0, .48)], 5, 'busy BUSYTONE'),
    'busy United States': ('early', [('480+620', .5), (0, .5)], 5, 'busy BUSYTONE'),
    'busy United Kingdom': ('early', [('400', .375), (0, .375)], 5, 'busy BUSYTONE'),
    'congestion Russia': ('early', [('425', .175), (0, .175)], 6, 'congestion BUSYTONE'),
    'congestion Germany': ('early', [('425', .24), (0, .24)], 6, 'congestion BUSYTONE'),
    'congestion United States': ('early', [('480+620', .25), (0, .25)], 6, 'congestion BUSYTONE'),
    'special information': ('early', [(0, .3), ('950', .33), ('1400', .33), ('1800', .33), (0, 1)], 1, 'unreachable SIT'),
    'special information, no circuit': ('early', [(0, .3), ('985.2', .38), ('1428.5', .38), ('1776.7', .38), (0, 1)], 1,
                                        'unreachable SIT'),
    'special information, vacant code': ('answered', [(0, .3), ('985.2', .38), ('1370.6', .274), ('1776.7', .38), (0, 1)], 1,
                                         'machine SIT'),
    'silence before an answer': ('early', [(0, 8)], 1, None),
    'fax that calls': ('answered', [(0, .5), ('1100', .5), (0, 3)], 1, 'machine FAX'),
    'fax that answers': ('answered', [(0, .5), ('2100', 3), (0, 1)], 1, 'machine FAX'),
    'busy after the answer': ('answered', [('425', .4), (0, .4)], 6, 'machine BUSYTONE'),
    'ring-back after the answer': ('answered', [('425', 1), (0, 4)], 2, 'unsure RINGBACK'),
    'silence after the answer': ('answered', [(0, 6)], 1, 'unsure INITIALSILENCE'),
    'beep 440': ('answered', [(0, 1), ('440', .4), (0, 2)], 1, 'machine BEEP'),
    'beep 800': ('answered', [(0, 1), ('800', .3), (0, 1)], 1, 'machine BEEP'),
    'beep 1000': ('answered', [(0, 1), ('1000', .2), (0, 1)], 1, 'machine BEEP'),
    'beep 1400': ('answered', [(0, 1), ('1400', .5), (0, 1)], 1, 'machine BEEP'),
    'beep 1100': ('answered', [(0, 1), ('1100', 1), (0, 1)], 1, 'machine BEEP'),
    'beep 2000': ('answered', [(0, 1), ('2000', .25), (0, 1)], 1, 'machine BEEP'),
    'a key is no beep': ('answered', [(0, 1), ('770+1336', .3), (0, 1.5)], 1, None),
    'a click is nothing': ('answered', [(0, 1), ('1000', .03), (0, 2)], 1, None),
}


RAW = ['-t', 'raw', '-r', '8000', '-c', '1', '-e', 'signed', '-b', '16']


@functools.lru_cache(None)
def tone(what, seconds):
    """Samples of one tone or of two, full scale, by sox."""
    first, _, second = what.partition('+')
    synth = ['synth', str(seconds), 'sine', first] + (['synth', str(seconds), 'sine', 'mix', second] if second else [])
    made = subprocess.run(['sox', '-n'] + RAW + ['-'] + synth + ['gain', '-n', '0'], capture_output=True, check=True).stdout
    return memoryview(made).cast('h')


def sound(parts, times, level_db, snr_db, rng):
    """A cadence at a level, over the line's noise."""
    gain, noise = 10 ** (level_db / 20), 32768 * 10 ** ((level_db - snr_db - 3) / 20)
    hiss = [rng.gauss(0, noise) for _ in range(8191)]
    clean = []
    for what, seconds in parts:
        clean += [x * gain for x in tone(what, seconds)] if what else [0] * round(seconds * 8000)
    return array.array('h', [max(-32768, min(32767, int(x + n))) for x, n in zip(clean * times, itertools.cycle(hiss))])


def encode(calls, law):
    """G.711 octets of all calls, by sox in one go."""
    samples = b''.join(call.tobytes() for call in calls)
    octets = subprocess.run(['sox'] + RAW + ['-', '-t', 'raw', '-e', law, '-b', '8', '-'],
                            input=samples, capture_output=True, check=True).stdout
    out, at = [], 0
    for call in calls:
        out.append(octets[at:at + len(call)])
        at += len(call)
    assert at == len(octets), 'sox gave another number of octets'
    return out


def main():
    rng, wrong, n = random.Random(3), [], 0
    for level, snr, law in ((-10, 50, None), (-25, 25, 'a'), (-18, 20, 'u')):
        calls = [sound(parts, times, level, snr, rng) for _, parts, times, _ in E180.values()]
        inputs = encode(calls, {'a': 'a-law', 'u': 'u-law'}[law]) if law else \
            [call.tobytes() for call in calls]
        for (name, (kind, _, _, want)), data in zip(E180.items(), inputs):
            out = subprocess.run([HEAR, kind] + ([law] if law else []), input=data, capture_output=True, check=True).stdout.decode()
            heard = [' '.join(line.split(' ')[:2]) for line in out.splitlines()]
            n += 1
            if heard[-1:] != [want] and not (want is None and not any(h.startswith('machine') for h in heard)):
                wrong.append(f'{name}, {level} dB, noise {snr} dB below, law {law}: want {want}, heard {out.splitlines()}')
    print('\n'.join(wrong))
    assert not wrong, f'{len(wrong)} of {n} are heard wrong'


main()
