#!/usr/bin/env python3
"""Asterisk's rule, written a second time from its documentation, gives the same verdict, cause and time
on random speech.  amd_test.py HEAR"""
import random
import subprocess
import sys

DEFAULTS = {'total_analysis_time': 5000, 'initial_silence': 2500, 'after_greeting_silence': 800, 'greeting': 1500,
            'min_word_length': 100, 'maximum_word_length': 5000, 'between_words_silence': 50,
            'maximum_number_of_words': 2, 'silence_threshold': 256}


def rule(p, levels):
    """The verdict on a list of frames' levels; None: lost, that is comfort noise."""
    total = words = voice = word = dsp = 0
    silent = greeting = False
    initial = True
    for level in levels:
        total += 20
        if total >= p['total_analysis_time']:
            return 'NOTSURE', 'TOOLONG', total
        if level is None or level < p['silence_threshold']:
            dsp += 20
            if dsp >= p['between_words_silence']:
                silent, word = True, 0
            if initial and dsp >= p['initial_silence']:
                return 'MACHINE', 'INITIALSILENCE', total
            if greeting and dsp >= p['after_greeting_silence']:
                return 'HUMAN', 'HUMAN', total
            continue
        dsp = 0
        word += 20
        voice += 20
        if silent and word >= p['min_word_length']:
            words, silent = words + 1, False
        if word >= p['maximum_word_length']:
            return 'MACHINE', 'MAXWORDLENGTH', total
        if words > p['maximum_number_of_words']:
            return 'MACHINE', 'MAXWORDS', total
        if greeting and voice >= p['greeting']:
            return 'MACHINE', 'LONGGREETING', total
        if word >= p['min_word_length']:
            greeting, initial = True, False
    return 'HANGUP', '', total


def speech(rng):
    """Words and pauses of random lengths, some with a lost packet in them."""
    levels = []
    while len(levels) < 320:
        loud = rng.choice([256, 257, 900, 4000, 20000])
        quiet = rng.choice([0, 20, 200, 255])
        levels += [quiet] * rng.choice([1, 2, 3, 5, 20, 41, 60, 130])
        levels += [loud] * rng.choice([1, 3, 4, 5, 6, 12, 30, 80, 200 if rng.random() < 0.1 else 9])
    levels = levels[:rng.choice([320, 320, 320, rng.randrange(1, 320)])]
    return [None if rng.random() < 0.01 else x for x in levels]


def main():
    rng = random.Random(7)
    cases = []
    for number in range(3000):
        p = dict(DEFAULTS)
        if number % 2:
            for name, values in (('initial_silence', [500, 2000, 2500]), ('after_greeting_silence', [300, 800, 1200]),
                                 ('greeting', [800, 1500, 3000]), ('min_word_length', [20, 100, 120, 300]),
                                 ('maximum_word_length', [600, 2000, 5000]), ('between_words_silence', [20, 50, 80, 400]),
                                 ('maximum_number_of_words', [1, 2, 3, 6]), ('silence_threshold', [64, 256, 512]),
                                 ('total_analysis_time', [2000, 5000, 9000])):
                p[name] = rng.choice(values)
        cases.append((p, speech(rng)))
    text = ''.join(' '.join(map(str, p.values())) + ' ' + ' '.join('-1' if x is None else str(x) for x in levels) + '\n'
                   for p, levels in cases)
    out = subprocess.run([sys.argv[1], 'amd'], input=text, capture_output=True, text=True, check=True).stdout
    got = [tuple(line.split(' ')) for line in out.splitlines()]
    assert len(got) == len(cases), f'{len(got)} answers for {len(cases)} cases'
    seen, wrong = {}, 0
    for (p, levels), (status, cause, at_ms) in zip(cases, got):
        want = rule(p, levels)
        seen[want[:2]] = seen.get(want[:2], 0) + 1
        if want != (status, cause, int(at_ms)):
            wrong += 1
            print('differs:', p, 'want', want, 'got', (status, cause, at_ms))
    print(seen)
    assert len(seen) == 7, 'a cause was never reached: the cases are too tame'
    assert wrong == 0, f'{wrong} of {len(cases)} differ'


main()
