#!/usr/bin/env python3
"""The shipped calendars against the arithmetic of the laws that they name: holidays of fixed date,
Easter, days off after a holiday on a weekend, and the decreed transfers.  What a calendar calls
doubtful must be a day that the arithmetic cannot settle.  usage: law_days_test.py LAW_DAYS ROOT"""
import datetime as dt
import subprocess
import sys

DAY = dt.timedelta(1)
UNKNOWN, WORK, WEEKEND, HOLIDAY = range(4)
FAILED = []


def dates(year, text):
    return {dt.date(year, int(d[:2]), int(d[3:])) for d in text.split()}


def julian_easter(year):
    """Meeus, in the Gregorian calendar of this century."""
    a, b, c = year % 4, year % 7, year % 19
    d = (19 * c + 15) % 30
    e = (2 * a + 4 * b - d + 34) % 7
    month, day = divmod(d + e + 114, 31)
    return dt.date(year, month, day + 1) + 13 * DAY


def gregorian_easter(year):
    """The anonymous algorithm of 1876."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    ell = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def after_weekends(holidays, of=None):
    """A working day off for each holiday on a weekend, one after the other."""
    off = set()
    for day in sorted(of if of is not None else holidays):
        if day.weekday() < 5:
            continue
        while day.weekday() >= 5 or day in holidays or day in off:
            day += DAY
        off.add(day)
    return off


AWAITED = {2026: dt.date(2026, 5, 27), 2027: dt.date(2027, 5, 16)}


def kurban_ait(year):
    """What is awaited; the tabular calendar, which no moon is asked for, may differ by a day."""
    day = AWAITED[year]
    assert abs(day - tabular(year)) <= DAY, (day, tabular(year))
    return day


def tabular(year):
    """10 Dhu al-Hijja by the tabular Islamic calendar."""
    for hijra in range(year - 580, year - 576):
        days = 354 * (hijra - 1) + (3 + 11 * hijra) // 30 + (59 * 11 + 1) // 2 + 10 - 1
        day = dt.date(622, 7, 19) + days * DAY  # the civil epoch in the Gregorian calendar
        if day.year == year:
            return day
    return None


def want(country, year):
    """(holidays, days off, days that may be in doubt)"""
    if country == 'RU':
        new_year = dates(year, '01-01 01-02 01-03 01-04 01-05 01-06 01-07 01-08')
        others = dates(year, '02-23 03-08 05-01 05-09 06-12 11-04')
        off = after_weekends(new_year | others, others)
        if year == 2026:
            return new_year | others, off | dates(year, '01-09 12-31'), set()
        return new_year | others, off, dates(year, '02-20 02-22 11-05 11-13 12-31')
    if country == 'UA':
        easter = julian_easter(year)
        holidays = dates(year, '01-01 03-08 05-01 05-08 06-28 07-15 08-24 10-01 12-25') | {easter, easter + 49 * DAY}
        return holidays, set(), after_weekends(holidays)
    if country == 'KZ':
        state = dates(year, '01-01 01-02 03-08 03-21 03-22 03-23 05-01 05-07 05-09 07-06 10-25 12-16')
        if year >= 2027:
            state |= dates(year, '03-15')
        holidays = state | dates(year, '01-07') | {kurban_ait(year)}
        doubt = dates(year, '08-30 08-31') | {kurban_ait(year) + DAY}
        return holidays, after_weekends(state), doubt
    easter = gregorian_easter(year)
    return (dates(year, '01-01 05-01 05-08 07-14 08-15 11-01 11-11 12-25') |
            {easter + DAY, easter + 39 * DAY, easter + 50 * DAY}, set(), {easter - 2 * DAY})


def main():
    assert julian_easter(2026) == dt.date(2026, 4, 12) and gregorian_easter(2026) == dt.date(2026, 4, 5)
    assert tabular(2026) == dt.date(2026, 5, 27), tabular(2026)
    root = sys.argv[2]
    done = subprocess.run([sys.argv[1], f'{root}/conf/rules', f'{root}/conf/calendars'],
                          capture_output=True, text=True, timeout=60, check=True)
    have = {}
    for line in done.stdout.splitlines():
        country, day, kind = line.split()
        have.setdefault((country, int(day[:4])), {})[dt.date.fromisoformat(day)] = int(kind)
    needed = {(c, y) for c in ('RU', 'UA', 'KZ', 'FR') for y in (2026, 2027)}
    if not needed <= set(have):
        FAILED.append(f'missing: {needed - set(have)}')
    checked = 0
    for (country, year), days in have.items():
        holidays, off, doubt = want(country, year)
        for day, kind in days.items():
            checked += 1
            must = HOLIDAY if day in holidays else \
                WEEKEND if day in off or day.weekday() >= 5 else WORK
            if kind != must and not (kind == UNKNOWN and day in doubt):
                FAILED.append(f'{country} {day}: {kind}, not {must}')
    for failure in FAILED:
        print(failure)
    print(f'{checked} days, {len(FAILED)} differ')
    sys.exit(bool(FAILED) or checked < 8 * 365)


main()
