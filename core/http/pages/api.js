// api.js -- the daemon's API and its stream of events.

export class Problem extends Error {
	constructor(status, body) {
		super(String(body?.detail || body?.title || status));
		this.status = status;
		this.body = body ?? {};
	}
}

const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Random bits also where the page did not come by TLS (randomUUID would be missing there).
function token() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
}

async function once(method, path, body, headers) {
	const reply = await fetch(path, {
		method, headers, cache: 'no-store', credentials: 'same-origin',
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const text = reply.status === 204 ? '' : await reply.text();
	let data = null;
	try { data = text ? JSON.parse(text) : null; } catch { /* an error page of something between */ }
	if (!reply.ok)
		throw new Problem(reply.status, data);
	return data;
}

export const get = (path) => once('GET', `/api/v1/${path}`, undefined, { Accept: 'application/json' });
export const del = (path) => once('DELETE', `/api/v1/${path}`, undefined, { 'X-Zvonar': '1' });

// A lost reply is asked for again under the same key, so nothing is done twice.
export async function post(path, body = {}) {
	const headers = { Accept: 'application/json', 'Content-Type': 'application/json', 'X-Zvonar': '1',
		'Idempotency-Key': token() };
	for (let tries = 0; ; tries++) {
		try {
			return await once('POST', `/api/v1/${path}`, body, headers);
		} catch (e) {
			if (e instanceof Problem || tries === 3)
				throw e;
			await wait(400 * 2 ** tries);
		}
	}
}

// The daemon's clock: as the last hello told it, until an answer tells its calendar, which all its
// times are of (it differs with simulated carriers).
let ahead = 0;
let calendar = false;
export const now = () => Date.now() + ahead;

export function setNow(ms) {
	if (Number.isFinite(ms)) {
		ahead = ms - Date.now();
		calendar = true;
	}
}

const QUIET_MS = 40000; // pings come each 15 s: a line that says nothing so long is dead
const TEXT_MAX = 8 << 20;

// The stream of events.  Read by fetch and not by EventSource, which cannot be given the last
// event's number anew after it gave up, and does not notice a line that is dead but not closed.
export class Stream {
	// on(name, data) for each event; state('live' | 'lost' | 'denied', ms until the next try)
	constructor(on, state) {
		this.on = on;
		this.state = state;
		this.last = '';
		this.stopped = false;
		this.delay = 500;
		this.wake = () => {};
		addEventListener('online', () => this.again());
	}

	start() {
		this.stopped = false;
		this.delay = 500;
		this.run();
	}

	stop() {
		this.stopped = true;
		this.abort?.abort();
		this.wake();
	}

	again() {
		this.delay = 500;
		this.wake();
	}

	async run() {
		if (this.running)
			return;
		this.running = true;
		while (!this.stopped) {
			const denied = await this.session();
			if (this.stopped)
				break;
			if (denied) {
				this.stopped = true;
				this.state('denied', 0);
				break;
			}
			const ms = Math.round(this.delay * (0.75 + Math.random() / 2));
			this.state('lost', ms);
			await new Promise((done) => {
				const timer = setTimeout(done, ms);
				this.wake = () => { clearTimeout(timer); done(); };
			});
			this.delay = Math.min(this.delay * 2, 8000);
		}
		this.running = false;
	}

	// One connection, to its end; true: the session is over.
	async session() {
		this.abort = new AbortController();
		const headers = { Accept: 'text/event-stream' };
		if (this.last)
			headers['Last-Event-ID'] = this.last;
		const quiet = () => {
			clearTimeout(this.dog);
			this.dog = setTimeout(() => this.abort.abort(), QUIET_MS);
		};
		quiet();
		try {
			const reply = await fetch('/api/v1/events', { headers, cache: 'no-store',
				credentials: 'same-origin', signal: this.abort.signal });
			if (reply.status === 401 || reply.status === 403)
				return true;
			if (!reply.ok || !reply.body)
				return false;
			await this.read(reply.body.getReader(), quiet);
		} catch { /* broken: tried again */ } finally {
			clearTimeout(this.dog);
		}
		return false;
	}

	async read(reader, quiet) {
		const decoder = new TextDecoder();
		let text = '';
		for (;;) {
			const { value, done } = await reader.read();
			if (done || this.stopped)
				return;
			quiet();
			text += decoder.decode(value, { stream: true });
			if (text.length > TEXT_MAX)
				return;
			text = text.replaceAll('\r\n', '\n');
			let end;
			while ((end = text.indexOf('\n\n')) >= 0) {
				this.event(text.slice(0, end));
				text = text.slice(end + 2);
			}
		}
	}

	event(block) {
		let name = 'message';
		const data = [];
		for (const line of block.split('\n')) {
			const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
			if (field === 'event')
				name = value;
			else if (field === 'data')
				data.push(value);
			else if (field === 'id')
				this.last = value;
		}
		let told = {};
		try { told = data.length ? JSON.parse(data.join('\n')) : {}; } catch { return; }
		if (name === 'hello') {
			if (Number.isFinite(told.server_ms) && !calendar)
				ahead = told.server_ms - Date.now();
			this.delay = 500;
			this.state('live', 0);
		}
		this.on(name, told ?? {});
	}
}
