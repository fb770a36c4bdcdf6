// model.js -- what the agent's page knows: who he is, his state, the card that is on.

import { get, now, setNow } from './api.js';

export const model = {
	me: null,
	agent: { state: 'offline', since_ms: 0, limit_ms: 0 },
	card: null,
	held: false,
	consult: null, // {state, with} while somebody is consulted
};

export const talking = () => model.agent.state === 'talking';
export const wrapping = () => model.agent.state === 'wrapup';
export const previewing = () => model.agent.state === 'reserved' && model.agent.kind === 'preview';

export const inState = () => (model.agent.since_ms ? now() - model.agent.since_ms : 0);
// What is left of the state's limit; null: it has none.
export const left = () => (model.agent.limit_ms > 0 && model.agent.since_ms
	? model.agent.since_ms + model.agent.limit_ms - now() : null);

export const campaign = (name) => model.me?.campaigns?.find((c) => c.name === name) ?? null;

// A part of the card, or of its campaign where the card does not say.
export function ofCard(key) {
	const own = model.card?.[key];
	return own ?? campaign(model.card?.campaign)?.[key] ?? [];
}

export function pauseName(code) {
	const found = model.me?.pause_codes?.find((p) => p.code === code);
	return found ? found.name : '';
}

let told = 0; // events of the stream so far: an answer older than one of them is not news

export function take(name, data) {
	told++;
	if (name === 'agent') {
		const was = model.agent;
		model.agent = data;
		if (data.state !== 'talking') {
			model.held = false;
			model.consult = null;
		} else if (was.state !== 'talking' || 'held' in data) {
			model.held = Boolean(data.held);
			model.consult = data.consult ?? (was.state === 'talking' && !('held' in data) ? model.consult : null);
		}
	} else if (name === 'card') {
		model.card = data;
	} else if (name === 'card_close') {
		model.card = null;
	} else if (name === 'held' || name === 'resumed') {
		model.held = name === 'held';
	} else if (name === 'consult') {
		model.consult = data.state && data.state !== 'over' ? data : null;
	}
}

// The whole state anew: at the start and after every break.  What the stream said meanwhile wins.
export async function refresh() {
	const before = told;
	const [me, card] = await Promise.all([get('me'), get('desk/card')]);
	model.me = me;
	setNow(me.now_ms);
	if (told !== before)
		return false;
	const agent = me.agent ?? {};
	model.agent = { state: 'offline', since_ms: 0, limit_ms: 0, ...agent };
	model.held = Boolean(agent.held);
	model.consult = agent.consult && agent.consult.state !== 'over' ? agent.consult : null;
	model.card = card;
	return true;
}
