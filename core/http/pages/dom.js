// dom.js -- making and filling elements.  Text of others reaches the page by textContent and text
// nodes alone; there is no other way in here, and none elsewhere.

const SVG = 'http://www.w3.org/2000/svg';

export const $ = (id) => document.getElementById(id);

// h('button', {class: 'big', disabled: true, onclick: f, 'aria-label': text}, child, ...)
export function h(tag, props, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(props ?? {}))
		set(node, name, value);
	node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
	return node;
}

function set(node, name, value) {
	if (value === null || value === undefined || value === false)
		return;
	if (name.startsWith('on'))
		node.addEventListener(name.slice(2), value);
	else if (name === 'class')
		node.className = value;
	else if (name === 'value')
		node.value = value;
	else if (name === 'data')
		Object.assign(node.dataset, value);
	else
		node.setAttribute(name, value === true ? '' : String(value));
}

// One symbol of icons.svg; it says nothing to a screen reader, the text beside it does.
export function icon(name) {
	const svg = document.createElementNS(SVG, 'svg');
	const use = document.createElementNS(SVG, 'use');
	svg.setAttribute('class', 'icon');
	svg.setAttribute('aria-hidden', 'true');
	use.setAttribute('href', `/static/icons.svg#${name}`);
	svg.append(use);
	return svg;
}

export function setIcon(svg, name) {
	const use = svg.querySelector('use');
	const href = `/static/icons.svg#${name}`;
	if (use && use.getAttribute('href') !== href)
		use.setAttribute('href', href);
}

// Writes only what differs, so that nothing is laid out again each second for nothing.
export function say(node, text) {
	const value = text === null || text === undefined ? '' : String(text);
	if (node.textContent !== value)
		node.textContent = value;
}

export function show(node, on) {
	if (node.hidden === Boolean(on))
		node.hidden = !on;
}

export function enable(node, on) {
	if (node.disabled === Boolean(on))
		node.disabled = !on;
}

export function fill(node, ...children) {
	node.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
}

// A value of a list as a node: a web address becomes a link that gives nothing away, all else text.
export function value(text) {
	const s = String(text ?? '');
	if (/^https?:\/\/[^\s]+$/i.test(s) && s.length < 2000)
		return h('a', { href: s, target: '_blank', rel: 'noopener noreferrer' }, s);
	return document.createTextNode(s);
}

// Is the keyboard writing a text now?
export function typing() {
	const a = document.activeElement;
	return Boolean(a) && (a.isContentEditable || a.tagName === 'TEXTAREA' || a.tagName === 'SELECT' ||
		(a.tagName === 'INPUT' && !['checkbox', 'radio', 'button'].includes(a.type)));
}

// Arrow keys walk a group of buttons (tabs, a menu); Home and End go to its ends.
export function arrows(group, selector) {
	group.addEventListener('keydown', (e) => {
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
		const all = [...group.querySelectorAll(selector)].filter((n) => !n.disabled && !n.hidden);
		const at = all.indexOf(document.activeElement);
		if (at < 0 || (!step && e.key !== 'Home' && e.key !== 'End'))
			return;
		e.preventDefault();
		const to = e.key === 'Home' ? 0 : e.key === 'End' ? all.length - 1
			: (at + step + all.length) % all.length;
		all[to].focus();
	});
}
