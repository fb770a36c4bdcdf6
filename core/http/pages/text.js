// text.js -- words in the reader's language, times and figures.  One table a language; the pages
// themselves hold no words.

import en from './en.js';
import ru from './ru.js';
import uk from './uk.js';

const tables = { ru, uk, en };
export const languages = Object.keys(tables);

const KEPT = 'zvonar.lang';

function first() {
	const kept = (() => { try { return localStorage.getItem(KEPT); } catch { return null; } })();
	const wanted = [kept, ...(navigator.languages ?? []), navigator.language ?? ''];
	for (const w of wanted) {
		const code = String(w ?? '').slice(0, 2).toLowerCase();
		if (Object.hasOwn(tables, code))
			return code;
	}
	return 'en';
}

let current = first();
const listeners = [];
document.documentElement.lang = current;

export const lang = () => current;
export const onLang = (f) => listeners.push(f);

export function setLang(code) {
	if (!Object.hasOwn(tables, code))
		return;
	current = code;
	document.documentElement.lang = code;
	try { localStorage.setItem(KEPT, code); } catch { /* it is asked again next time */ }
	texts(document);
	for (const f of listeners)
		f();
}

export const known = (key) => Object.hasOwn(tables[current], key);

// The text of a key; {name} in it stands for args.name.
export function t(key, args) {
	const text = known(key) ? tables[current][key] : key;
	return args ? text.replace(/\{(\w+)\}/g, (_, n) => String(args[n] ?? '')) : text;
}

// A word of the engine's vocabulary in the reader's language, else as it came.
export function word(group, name) {
	if (name === null || name === undefined || name === '')
		return '';
	const key = `${group}.${name}`;
	return known(key) ? t(key) : String(name);
}

// Fills what index.html and floor.html mark with data-t, data-t-label, data-t-title, data-t-ph.
export function texts(root) {
	for (const n of root.querySelectorAll('[data-t]'))
		n.textContent = t(n.dataset.t);
	for (const n of root.querySelectorAll('[data-t-label]'))
		n.setAttribute('aria-label', t(n.dataset.tLabel));
	for (const n of root.querySelectorAll('[data-t-title]'))
		n.title = t(n.dataset.tTitle);
	for (const n of root.querySelectorAll('[data-t-ph]'))
		n.placeholder = t(n.dataset.tPh);
}

const two = (n) => String(n).padStart(2, '0');

// 0:07, 12:34, 1:02:03
export function span(ms) {
	const s = Math.max(0, Math.floor((Number(ms) || 0) / 1000));
	const hours = Math.floor(s / 3600), minutes = Math.floor(s / 60) % 60;
	return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// "5 min", "3 h", "2 days": roughly, for deadlines
export function roughly(ms) {
	const minutes = Math.round(Math.abs(ms) / 60000);
	if (minutes < 90)
		return t('span.minutes', { n: Math.max(1, minutes) });
	if (minutes < 36 * 60)
		return t('span.hours', { n: Math.round(minutes / 60) });
	return t('span.days', { n: Math.round(minutes / 1440) });
}

export function figure(x, digits = 0) {
	if (x === null || x === undefined || !Number.isFinite(Number(x)))
		return '–';
	return new Intl.NumberFormat(current, { minimumFractionDigits: digits, maximumFractionDigits: digits })
		.format(Number(x));
}

export const percent = (x, digits = 0) =>
	x === null || x === undefined || !Number.isFinite(Number(x)) ? '–' : `${figure(Number(x) * 100, digits)} %`;

// A moment with its own offset from UTC: the time as it stands on the person's wall.
export function moment(iso) {
	const ms = typeof iso === 'number' ? iso : Date.parse(iso);
	if (!Number.isFinite(ms))
		return null;
	const m = /([+-])(\d\d):?(\d\d)$/.exec(String(iso));
	const offset = m ? (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3]))
		: -new Date(ms).getTimezoneOffset();
	return { ms, offset };
}

const wall = (m, options) => new Intl.DateTimeFormat(current, { timeZone: 'UTC', ...options })
	.format(new Date(m.ms + m.offset * 60000));

export const clock = (m) => (m ? wall(m, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }) : '');
export const day = (m) => (m ? wall(m, { day: '2-digit', month: '2-digit' }) : '');
export const weekday = (m) => (m ? wall(m, { weekday: 'short' }) : '');
export const dayKey = (m) => new Date(m.ms + m.offset * 60000).toISOString().slice(0, 10);

// "Mon 23 Nov, 14:30", with the year when it is another one
export function when(iso) {
	const m = moment(iso);
	if (!m)
		return String(iso ?? '');
	const far = Math.abs(m.ms - Date.now()) > 300 * 86400000;
	return wall(m, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit',
		minute: '2-digit', hourCycle: 'h23', ...(far ? { year: 'numeric' } : {}) });
}

// +79161234567 -> +7 916 123-45-67; what is no such number stays as it is
export function phone(number) {
	const s = String(number ?? '');
	const d = s.replace(/^\+/, '');
	if (!/^\d{7,15}$/.test(d))
		return s;
	let m = /^7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(d);
	if (m)
		return `+7 ${m[1]} ${m[2]}-${m[3]}-${m[4]}`;
	m = /^380(\d{2})(\d{3})(\d{2})(\d{2})$/.exec(d);
	if (m)
		return `+380 ${m[1]} ${m[2]}-${m[3]}-${m[4]}`;
	return `+${d}`;
}
