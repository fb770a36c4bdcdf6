// form.js -- fields that configuration asks for: of a talk's result, of a request.

import { fill, h } from './dom.js';
import { t } from './text.js';

const INPUT = { number: 'number', date: 'date', time: 'time', phone: 'tel', email: 'email' };

export class Form {
	constructor(box, changed) {
		this.box = box;
		this.changed = changed;
		this.fields = [];
		this.values = {};
	}

	open(fields, kept) {
		this.fields = Array.isArray(fields) ? fields : [];
		this.values = {};
		for (const f of this.fields) {
			const was = kept?.[f.name] ?? f.value;
			if (was !== undefined && was !== null)
				this.values[f.name] = f.type === 'check' ? Boolean(was) : String(was);
		}
		this.draw();
	}

	draw() {
		fill(this.box, this.fields.map((f) => {
			const input = this.input(f);
			const head = h('span', {}, f.title ?? f.name, f.required ? h('i', { title: t('form.required') }, ' *') : null);
			return f.type === 'check' ? h('label', { class: 'check' }, input, head)
				: h('label', {}, head, input, f.hint ? h('small', {}, f.hint) : null);
		}));
	}

	input(f) {
		const put = (value) => {
			if (value === '' || value === false)
				delete this.values[f.name];
			else
				this.values[f.name] = value;
			this.changed();
		};
		const common = { name: f.name, 'aria-required': f.required ? 'true' : null, data: { field: f.name } };
		const value = this.values[f.name] ?? '';
		if (f.type === 'check')
			return h('input', { ...common, type: 'checkbox', ...(value ? { checked: true } : {}),
				onchange: (e) => put(e.target.checked) });
		if (f.type === 'select' || (f.options ?? []).length) {
			const options = (f.options ?? []).map((o) => (typeof o === 'object' ? o : { name: o, title: o }));
			return h('select', { ...common, onchange: (e) => put(e.target.value) },
				h('option', { value: '' }, '—'),
				options.map((o) => h('option', { value: o.name,
					...(String(o.name) === value ? { selected: true } : {}) }, o.title ?? o.name)));
		}
		if (f.type === 'area')
			return h('textarea', { ...common, rows: 2, maxlength: 2000, value,
				oninput: (e) => put(e.target.value.trim()) });
		return h('input', { ...common, type: INPUT[f.type] ?? 'text', maxlength: 500, autocomplete: 'off', value,
			oninput: (e) => put(e.target.value.trim()) });
	}

	// Titles of what must be filled and is not.
	get missing() {
		return this.fields.filter((f) => f.required && this.values[f.name] === undefined)
			.map((f) => f.title ?? f.name);
	}
}
