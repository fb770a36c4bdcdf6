#!/usr/bin/env python3
"""Makes the labelled set for the detectors: voices by espeak-ng and a plan, one call a line, which
bench/detect turns into sound.  Deterministic; voices are kept in the folder and made once.

A line of the plan, between tabs: id, half (tune or judge), kind (answered or early), truth, class,
language, telephone line, words.  No voice, no text and no recording is in both halves."""
import argparse
import concurrent.futures
import glob
import hashlib
import math
import os
import random
import subprocess
import sys

import texts

# Tone plans: ITU-T E.180 supplement 2.  frequency, times on and off in ms.
RING = {'RU': ('425', [1000, 4000]), 'RU-old': ('425', [800, 3200]), 'UA': ('425', [1000, 4000]),
        'KZ': ('425', [1000, 4000]), 'DE': ('425', [1000, 4000]), 'PL': ('425', [1000, 4000]),
        'FR': ('440', [1500, 3500]), 'IT': ('425', [1000, 4000]), 'ES': ('425', [1500, 3000]),
        'TR': ('450', [2000, 4000]), 'GB': ('400+450', [400, 200, 400, 2000]), 'US': ('440+480', [2000, 4000])}
BUSY = {'RU': ('425', [350, 350]), 'RU-long': ('425', [400, 400]), 'UA': ('425', [350, 350]),
        'KZ': ('425', [350, 350]), 'DE': ('425', [480, 480]), 'PL': ('425', [500, 500]),
        'FR': ('440', [500, 500]), 'IT': ('425', [500, 500]), 'TR': ('450', [500, 500]),
        'GB': ('400', [375, 375]), 'US': ('480+620', [500, 500])}
CONGESTION = {'RU': ('425', [175, 175]), 'UA': ('425', [175, 175]), 'KZ': ('425', [175, 175]),
              'DE': ('425', [240, 240]), 'FR': ('440', [250, 250]), 'IT': ('425', [200, 200]),
              'TR': ('450', [200, 200]), 'US': ('480+620', [250, 250])}
SIT = [(950, 330), (1400, 330), (1800, 330)]
SIT_US = [[(985.2, 380), (1370.6, 274), (1776.7, 380)], [(913.8, 274), (1370.6, 274), (1776.7, 380)],
          [(913.8, 380), (1428.5, 380), (1776.7, 380)], [(985.2, 274), (1428.5, 380), (1776.7, 380)]]
BEEPS = [425, 440, 480, 500, 620, 700, 780, 800, 850, 950, 1000, 1004, 1100, 1200, 1330, 1400, 1500, 1633, 2000]

# How many of a hundred answered calls of either truth are of a class.
PERSONS = {'short': 38, 'two': 14, 'named': 15, 'long': 3, 'hesitant': 6, 'late': 6, 'breath': 5,
           'room': 8, 'ringback': 3}
MACHINES = {'voicemail': 52, 'nobeep': 15, 'brief': 8, 'beep': 4, 'fax': 6, 'sit': 3, 'busytone': 3,
            'music': 5, 'ringback': 4}
EARLY = {'ringing': 30, 'busy': 15, 'congestion': 12, 'announcement': 20, 'sit': 10, 'music': 8, 'noanswer': 8}
EARLY_TRUTH = {'ringing': 'ringing', 'music': 'ringing', 'noanswer': 'ringing', 'busy': 'busy',
               'congestion': 'congestion', 'announcement': 'unreachable', 'sit': 'unreachable'}


class Half:
    """One half of the set: its texts and voices, and the chances of everything else."""

    def __init__(self, name, folder):
        self.name, self.parity, self.folder = name, 0 if name == 'tune' else 1, folder
        self.rng = random.Random(f'zvonar {name}')
        self.variants = texts.VARIANTS[self.parity::2]
        self.wanted = {}

    def lines(self, table, language):
        return table[language][self.parity::2]

    def text(self, table, language):
        return self.rng.choice(self.lines(table, language))

    def voice(self, language):
        """A speaker: the same for all that one call says."""
        r = self.rng
        return (texts.VOICES[language] + '+' + r.choice(self.variants), r.randrange(135, 215),
                r.choice([25, 40, 50, 50, 60, 75, 99]))

    def say(self, voice, text, level):
        name = hashlib.sha256(repr((voice, text)).encode()).hexdigest()[:20] + '.wav'
        self.wanted[name] = (voice, text)
        return f'say:{name}:{level}'

    def ms(self, median, spread, least, most):
        return int(min(max(self.rng.lognormvariate(math.log(median), spread), least), most))


def line_of(half, level, languages):
    """The telephone line: its noise under the speech, codecs, losses."""
    r = half.rng
    snr = r.choice([50, 45, 40, 35, 35, 30, 25, 25, 20, 15])
    options = [f"law={r.choice(['a', 'a', 'u', 'au', 'ua'])}",
               f"noise={r.choice(['white', 'white', 'pink', 'hum'])}", f'nlev={level - snr}']
    if r.random() < 0.2:
        options.append(f'echo={r.randrange(20, 120)}/{-r.randrange(22, 40)}')
    if r.random() < 0.2 and snr >= 35:
        options.append('cn=1')
    if r.random() < 0.25:
        options.append(f'loss={r.choice([0.5, 1, 3, 5])},burst={r.choice([1, 2, 4])}')
    del languages
    return options


def silence(ms):
    return f'sil:{int(ms)}'


def cadence(tone, times, level, total, start=0):
    words, at = [], -start
    i = 0
    while at < total:
        ms = times[i % len(times)]
        left = ms if at >= 0 else ms + at
        if left > 0:
            words.append(f'tone:{tone}:{left}:{level}' if i % 2 == 0 else silence(left))
        at += ms
        i += 1
    return words


def detuned(half, tone):
    return '+'.join(f'{float(f) + half.rng.uniform(-6, 6):.1f}' for f in tone.split('+'))


def stretched(half, times):
    by = half.rng.uniform(0.94, 1.06)
    return [int(t * by) for t in times]


def tone_plan(half, table, level, total, country=None):
    country = country or half.rng.choice(sorted(table))
    tone, times = table[country]
    times = stretched(half, times)
    start = half.rng.choice([0, 0, half.rng.randrange(sum(times))])
    return cadence(detuned(half, tone), times, level, total, start)


def person(half, kind, language, level):
    """An answer, and what a person says when he hears nothing."""
    r, voice = half.rng, half.voice(language)
    say = lambda table: half.say(voice, half.text(table, language), level)  # noqa: E731
    first = half.ms(500, 0.6, 100, 2200)
    words = []
    if kind == 'late':
        first = r.randrange(2000, 4200)
    if kind == 'ringback':
        words += cadence('425', [1000, 4000], level, r.choice([2500, 6500]))
    if kind == 'breath':
        words += [silence(r.randrange(40, 300)), f'breath:{r.randrange(150, 500)}:{level - r.randrange(14, 24)}']
        if r.random() < 0.5:
            words.append(f'click:{level}')
    words.append(silence(first))
    if kind == 'hesitant':
        words += [say(texts.HESITANT), silence(r.randrange(120, 700)), say(texts.SHORT)]
    elif kind == 'two':
        words += [say(texts.SHORT), silence(r.randrange(120, 600)), say(texts.SHORT)]
    elif kind == 'long':
        # Said fifty times a day: fast.
        fast = (voice[0], voice[1] + 50, voice[2])
        words.append(half.say(fast, half.text(texts.LONG, language), level))
    else:
        words.append(say(texts.NAMED if kind == 'named' else texts.SHORT))
    for _ in range(3):
        words += [silence(half.ms(2000, 0.35, 1000, 4000)), say(texts.SHORT)]
    return words + [silence(1500)]


def greeting(half, language, level, brief=False):
    voice, words = half.voice(language), []
    sentences = half.text(texts.MACHINE, language)
    if brief:
        short = [s for s in half.lines(texts.MACHINE, language) if len(s) == 1]
        sentences = half.rng.choice(short) if short else sentences[-1:]
    for i, sentence in enumerate(sentences):
        if i > 0:
            # After "Hello!" a reader goes on sooner than after a sentence.
            is_word = i == 1 and len(sentences[0].split()) <= 2
            words.append(silence(half.ms(280 if is_word else 400, 0.5, 100, 1200)))
        words.append(half.say(voice, sentence, level))
    return words


def beep(half, level):
    r = half.rng
    return [f'beep:{r.choice(BEEPS[half.parity::2]) + r.uniform(-4, 4):.1f}:{half.ms(400, 0.5, 160, 1500)}:'
            f'{level + r.randrange(-8, 5)}']


def machine(half, kind, language, level):
    r = half.rng
    words = [silence(half.ms(450, 0.7, 60, 2500))]
    if kind == 'fax':
        if r.random() < 0.5:
            return words + cadence('1100', [500, 3000], level, 12000)
        return words + [f'tone:2100:{r.randrange(2600, 4000)}:{level}', silence(3000)]
    if kind == 'sit':
        tones = SIT if r.random() < 0.5 else r.choice(SIT_US)
        return words + [f'tone:{hz}:{ms}:{level}' for hz, ms in tones] + [silence(300)] + \
            carrier(half, texts.CARRIER, language, level)
    if kind == 'busytone':
        return words + tone_plan(half, BUSY, level, 10000)
    if kind == 'music':
        return words + [f'music:{r.randrange(1 << 20) * 2 + half.parity}:9000:{level}']
    if kind == 'beep':
        return words + beep(half, level) + [silence(6000)]
    if kind == 'ringback':
        words = cadence('425', [1000, 4000], level, r.choice([3000, 6000]))
    words += greeting(half, language, level, kind == 'brief')
    if kind == 'nobeep':
        return words + [silence(6000)]
    return words + [silence(half.ms(700, 0.5, 150, 2500))] + beep(half, level) + [silence(5000)]


def carrier(half, table, language, level):
    voice, words = half.voice(language), []
    sentences = half.text(table, language)
    for _ in range(2):
        for sentence in sentences:
            words += [half.say(voice, sentence, level), silence(half.ms(500, 0.4, 250, 1200))]
        words.append(silence(700))
    return words


def early(half, kind, language, level):
    r = half.rng
    words = [silence(r.choice([0, 200, 900, 2500]))]
    if kind == 'ringing':
        return tone_plan(half, RING, level, 14000)
    if kind == 'busy':
        return tone_plan(half, BUSY, level, 6000)
    if kind == 'congestion':
        return tone_plan(half, CONGESTION, level, 5000)
    if kind == 'music':
        return words + [f'music:{r.randrange(1 << 20) * 2 + half.parity}:15000:{level}']
    if kind == 'noanswer':
        language = language if language in texts.NOANSWER else 'ru'
        return tone_plan(half, RING, level, 16000) + carrier(half, texts.NOANSWER, language, level)
    if kind == 'sit':
        tones = SIT if r.random() < 0.5 else r.choice(SIT_US)
        words += [f'tone:{hz}:{ms}:{level}' for hz, ms in tones] + [silence(400)]
    return words + carrier(half, texts.CARRIER, language, level)


def spread(rng, shares, n):
    """n classes by their shares, in a random order."""
    total = sum(shares.values())
    out = []
    for kind, share in sorted(shares.items()):
        out += [kind] * max(1, round(n * share / total))
    rng.shuffle(out)
    return out


def plan_half(half, sizes):
    """sizes: calls with a person, with a machine, with early media."""
    r, rows = half.rng, []
    languages = sorted(texts.VOICES)
    jobs = [('answered', 'person', k) for k in spread(r, PERSONS, sizes[0])] + \
        [('answered', 'machine', k) for k in spread(r, MACHINES, sizes[1])] + \
        [('early', EARLY_TRUTH[k], k) for k in spread(r, EARLY, sizes[2])]
    for number, (kind, truth, name) in enumerate(jobs):
        # Half of the calls in Russian, the rest in all the others.
        language = 'ru' if number % 2 == 0 else languages[(number // 2) % len(languages)]
        level = -r.randrange(16, 31)
        options = line_of(half, level, languages)
        make = {'person': person, 'machine': machine}.get(truth, early)
        words = make(half, name, language, level)
        if name == 'room':
            other = half.say(half.voice('ru'), ' '.join(sum(half.lines(texts.MACHINE, 'ru'), [])), 0)
            options = [o for o in options if not o.startswith(('noise=', 'nlev=', 'cn='))]
            options += ['noise=babble:' + other.split(':')[1], f'nlev={level - r.randrange(15, 26)}']
        rows.append([f'{half.name}-{number}', half.name, kind, truth, name, language, ','.join(options),
                     ' '.join(words)])
    return rows


def recorded(half, real):
    """Real voices that Debian has, for the judge only: sentences as machines and short ones as answers,
    music on hold.  real: folders of prompts of Asterisk, of its music, of festvox-ru's recordings."""
    r, rows = half.rng, []

    def add(kind, truth, name, language, words):
        level = -20
        options = ','.join(line_of(half, level, []))
        rows.append([f'{half.name}-real-{len(rows)}', half.name, kind, truth, name, language, options, ' '.join(words)])

    for language, folder in real['prompts']:
        have = lambda n: os.path.join(folder, n + '.wav')  # noqa: E731,B023
        greetings = [['vm-theperson', 'digits/1', 'digits/2', 'vm-isunavail', 'vm-intro'],
                     ['vm-nobodyavail', 'vm-intro'], ['vm-theperson', 'digits/5', 'vm-isonphone', 'vm-intro'],
                     ['vm-leavemsg', 'vm-intro'], ['queue-thankyou'], ['hello', 'vm-intro'], ['vm-intro']]
        carriers = [['cannot-complete-as-dialed'], ['ss-noservice'], ['all-circuits-busy-now'],
                    ['number-not-answering', 'pls-try-call-later'], ['im-sorry', 'check-number-dial-again']]
        short = ['hello', 'digits/1', 'digits/3', 'digits/7', 'phone', 'goodbye', 'sorry', 'calling', 'is', 'your']
        for parts in greetings:
            if not all(is_sound(have(p)) for p in parts):
                continue
            words = [silence(half.ms(450, 0.7, 60, 2500))]
            for p in parts:
                words += [f'say:{have(p)}:-20', silence(half.ms(120, 0.5, 20, 500))]
            add('answered', 'machine', 'recorded', language, words + [silence(500)] + beep(half, -20) + [silence(4000)])
        for parts in carriers:
            if all(is_sound(have(p)) for p in parts):
                words = sum(([f'say:{have(p)}:-20', silence(300)] for p in parts), [])
                add('early', 'unreachable', 'recorded', language, [silence(300)] + words + [silence(900)] + words)
        for name in short:
            if is_sound(have(name)):
                add('answered', 'person', 'recorded', language,
                    [silence(half.ms(500, 0.6, 100, 2200)), f'say:{have(name)}:-20', silence(half.ms(2000, 0.3, 1200, 4000)),
                     f'say:{have(r.choice([s for s in short if is_sound(have(s))]))}:-20', silence(2000)])
    for path in real['music'][half.parity::2]:
        add('answered', 'machine', 'recorded-music', '-', [silence(300), f'say:{path}:-22'])
        add('early', 'ringing', 'recorded-music', '-', [silence(300), f'say:{path}:-22'])
    # Some of the sentences, so that one man's voice does not weigh more than all others.
    for path, seconds in real['sentences'][::10]:
        if seconds >= 4:
            add('answered', 'machine', 'read-aloud', 'ru', [silence(half.ms(450, 0.7, 60, 2500)), f'say:{path}:-20', silence(800)] +
                beep(half, -20) + [silence(4000)])
        elif seconds <= 1.6:
            add('answered', 'person', 'read-aloud', 'ru', [silence(half.ms(500, 0.6, 100, 2200)), f'say:{path}:-20', silence(3000)])
    return rows


def is_sound(path):
    """Some prompts are empty files."""
    return os.path.exists(path) and os.path.getsize(path) > 4000


def seconds_of(path):
    return max(0, os.path.getsize(path) - 44) / 2 / 16000


def find_real():
    """What is installed of the packages that --long asks for."""
    sounds = '/usr/share/asterisk/sounds/'
    prompts = [(language, folder) for language, folder in
               (('ru', sounds + 'ru_RU_f_IvrvoiceRU'), ('en', sounds + 'en_US_f_Allison'), ('fr', sounds + 'fr_CA_f_June'))
               if os.path.exists(folder + '/vm-intro.wav')]
    music = sorted(glob.glob('/usr/share/asterisk/moh/*.wav'))
    spoken = sorted(glob.glob('/usr/share/festival/voices/russian/msu_ru_nsh_clunits/wav/*.wav'))
    return {'prompts': prompts, 'music': music, 'sentences': [(p, seconds_of(p)) for p in spoken]}


def speak(job):
    path, (voice, text) = job
    name, rate, pitch = voice
    partial = path + '.part'
    subprocess.run(['espeak-ng', '-v', name, '-s', str(rate), '-p', str(pitch), '-w', partial, text], check=True)
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', help='where voices and the plan go')
    parser.add_argument('--long', action='store_true', help='thousands of calls, and recordings where installed')
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    rows, wanted = [], {}
    for name in ('tune', 'judge'):
        half = Half(name, options.folder)
        sizes = (1000, 1000, 500) if options.long else (45, 45, 40)
        if not options.long and name == 'tune':
            continue
        rows += plan_half(half, sizes)
        wanted.update(half.wanted)
    if options.long:
        real = find_real()
        for name in ('tune', 'judge'):
            half = Half(name, options.folder)
            half.rng = random.Random(f'zvonar recorded {name}')
            # Recorded voices are for the judge alone; of the music each half has its own.
            rows += recorded(half, real if name == 'judge' else {'prompts': [], 'sentences': [], 'music': real['music']})
    jobs = [(os.path.join(options.folder, n), v) for n, v in sorted(wanted.items())
            if not os.path.exists(os.path.join(options.folder, n))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(speak, jobs))
    plan = os.path.join(options.folder, 'plan.tsv')
    with open(plan + '.part', 'w', encoding='utf-8') as out:
        for row in rows:
            out.write('\t'.join(row) + '\n')
    os.replace(plan + '.part', plan)
    print(f'{plan}: {len(rows)} calls, {len(wanted)} voices, {len(jobs)} of them new', file=sys.stderr)


main()
