// chart.js -- lines over the last hour on a canvas: no library, no data beyond what floor events
// brought.  Colours come from the style sheet, so light and dark need nothing here.

import { now } from './api.js';
import { h, say } from './dom.js';
import { clock, moment } from './text.js';

const HOUR_MS = 3600000, STEP_MS = 10000, KEPT = 'zvonar.hour';

// The last hour in steps of ten seconds: [moment, {name: value}], a step's last value counts.
export class Hour {
	constructor() {
		this.points = [];
		try {
			const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]');
			this.points = kept.filter((p) => Array.isArray(p) && p[0] > now() - HOUR_MS && p[0] <= now() && typeof p[1] === 'object');
		} catch { /* the hour begins now */ }
	}

	add(values) {
		const at = Math.floor(now() / STEP_MS) * STEP_MS;
		const last = this.points.at(-1);
		if (last && last[0] === at) {
			last[1] = values;
			return;
		}
		this.points.push([at, values]);
		while (this.points.length && this.points[0][0] <= at - HOUR_MS)
			this.points.shift();
		try { sessionStorage.setItem(KEPT, JSON.stringify(this.points)); } catch { /* kept in the page */ }
	}
}

// A round figure at or above x: the top of the scale.
function above(x) {
	const p = 10 ** Math.floor(Math.log10(Math.max(x, 1e-9)));
	return [1, 1.5, 2, 3, 4, 5, 8, 10].map((m) => m * p).find((v) => v >= x * 0.9999) ?? 10 * p;
}

export class Chart {
	// lines: [{key, colour: name of a CSS variable, dash, say(figure): its name with a figure}];
	// least: the scale's smallest top, most: its largest
	constructor({ title, empty, lines, least, write, most }) {
		Object.assign(this, { lines, least, write, most, title, empty });
		this.canvas = h('canvas', { role: 'img' });
		this.name = h('span', { class: 'chart-name' });
		this.time = h('span', {});
		this.figures = lines.map((l) => {
			const b = h('b', {});
			b.style.color = `var(${l.colour})`;
			return b;
		});
		this.node = h('figure', { class: 'chart' },
			h('figcaption', {}, this.name, h('span', { class: 'chart-now' }, this.time, this.figures)), this.canvas);
		this.at = null;
		this.canvas.addEventListener('pointermove', (e) => { this.at = e.offsetX; this.draw(this.points); });
		new ResizeObserver(() => this.draw(this.points)).observe(this.canvas);
		this.canvas.addEventListener('pointerleave', () => { this.at = null; this.draw(this.points); });
	}

	draw(points) {
		this.points = points ?? [];
		const box = this.canvas.getBoundingClientRect();
		const width = Math.round(box.width), height = Math.round(box.height);
		say(this.name, this.title());
		if (!width || !height)
			return;
		const scale = window.devicePixelRatio || 1;
		if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
			this.canvas.width = Math.round(width * scale);
			this.canvas.height = Math.round(height * scale);
		}
		const g = this.canvas.getContext('2d');
		g.setTransform(scale, 0, 0, scale, 0, 0);
		g.clearRect(0, 0, width, height);
		const style = getComputedStyle(document.documentElement);
		const colour = (name) => style.getPropertyValue(name).trim();
		const top = this.top();
		const area = { left: 42, right: width - 4, top: 6, bottom: height - 16 };
		this.grid(g, area, top, colour);
		if (!this.points.length) {
			g.fillStyle = colour('--soft');
			g.textAlign = 'center';
			g.fillText(this.empty(), (area.left + area.right) / 2, (area.top + area.bottom) / 2);
			return;
		}
		const end = now();
		const x = (t) => area.right - (end - t) / HOUR_MS * (area.right - area.left);
		const y = (v) => area.bottom - Math.min(v / top, 1) * (area.bottom - area.top);
		for (const line of this.lines)
			this.line(g, line, { x, y, area, colour: colour(line.colour) });
		this.read(g, { x, area, colour });
	}

	top() {
		let most = this.least;
		for (const [, v] of this.points)
			for (const l of this.lines)
				if (Number.isFinite(v[l.key]))
					most = Math.max(most, v[l.key]);
		return this.most ? Math.min(above(most), this.most) : above(most);
	}

	grid(g, area, top, colour) {
		g.font = '11px system-ui, "DejaVu Sans", sans-serif';
		g.textBaseline = 'middle';
		g.lineWidth = 1;
		g.setLineDash([]);
		g.strokeStyle = colour('--line');
		g.fillStyle = colour('--soft');
		g.textAlign = 'right';
		for (const part of [0, 0.5, 1]) {
			const py = Math.round(area.bottom - part * (area.bottom - area.top)) + 0.5;
			g.beginPath();
			g.moveTo(area.left, py);
			g.lineTo(area.right, py);
			g.stroke();
			g.fillText(this.write(top * part), area.left - 5, py);
		}
		const quarter = HOUR_MS / 4, end = now();
		for (let t = Math.floor(end / quarter) * quarter; t > end - HOUR_MS; t -= quarter) {
			const px = area.right - (end - t) / HOUR_MS * (area.right - area.left);
			g.textAlign = px > area.right - 16 ? 'right' : px < area.left + 16 ? 'left' : 'center';
			g.fillText(clock(moment(t)), px, area.bottom + 9);
		}
	}

	line(g, line, { x, y, area, colour }) {
		g.save();
		g.beginPath();
		g.rect(area.left, 0, area.right - area.left, area.bottom + 1);
		g.clip();
		g.strokeStyle = colour;
		g.lineWidth = line.dash ? 1.2 : 1.8;
		g.lineJoin = 'round';
		g.setLineDash(line.dash ? [5, 4] : []);
		g.beginPath();
		let last = null, first = null, end = null;
		for (const [t, v] of this.points) {
			const value = v[line.key];
			if (!Number.isFinite(value)) {
				last = null;
				continue;
			}
			if (last === null || t - last > 6 * STEP_MS)
				g.moveTo(x(t), y(value));
			else
				g.lineTo(x(t), y(value));
			first ??= x(t);
			end = [x(t), y(value)];
			last = t;
		}
		g.stroke();
		if (end && !line.dash) {
			g.fillStyle = colour;
			g.beginPath();
			g.arc(end[0], end[1], 2.5, 0, 7);
			g.fill();
		}
		g.restore();
	}

	// The newest values in words, or those under the pointer.
	read(g, { x, area, colour }) {
		let point = this.points.at(-1);
		if (this.at !== null) {
			point = this.points.reduce((a, b) => (Math.abs(x(b[0]) - this.at) < Math.abs(x(a[0]) - this.at) ? b : a));
			g.strokeStyle = colour('--soft');
			g.setLineDash([2, 3]);
			g.beginPath();
			g.moveTo(Math.round(x(point[0])) + 0.5, area.top);
			g.lineTo(Math.round(x(point[0])) + 0.5, area.bottom);
			g.stroke();
		}
		const words = [];
		this.lines.forEach((l, i) => {
			const value = point[1][l.key];
			const text = Number.isFinite(value) ? this.write(value, true) : '–';
			words.push(l.say ? l.say(text) : text);
			say(this.figures[i], words[i]);
		});
		say(this.time, this.at === null ? '' : clock(moment(point[0])));
		this.canvas.setAttribute('aria-label', `${this.title()}: ${words.join(', ')}`);
	}
}
