/* phones/phones.h -- simulated agents' phones: they register, are called, talk all the time.
 *
 * One thread, one loop, as zvonar-carrier, whose sockets, sound and journal they use; no code
 * of the dialer's own SIP or media.
 */
#ifndef ZVP_PHONES_H
#define ZVP_PHONES_H

#include "../carrier/journal.h"
#include "../carrier/media.h"
#include "../carrier/net.h"
#include "../carrier/text.h"
#include "../carrier/wheel.h"

#define ZVP_PHONES_MAX 4096u

struct zvp_conf {
	struct zvc_listen listen;
	struct sockaddr_in registrar;
	struct in_addr rtp_ip;
	uint16_t rtp_low, rtp_high;
	char users[64];      /* printf's: "agent%02u" */
	unsigned n;          /* 1 .. n */
	char password[64], domain[64];
	unsigned expires_s;
	unsigned crash_s;    /* mean time from answering to a crash; 0: never */
	unsigned rest_s;     /* dead for that long: nothing is answered, nothing sent */
	unsigned cut_s, cut_for_s; /* mean time between cuts of the network, mean length; 0: none */
	unsigned lose_bye_ppm; /* BYEs to which nothing is done and said */
	uint64_t seed;
	const char *log_path;
};

enum zvp_state { ZVP_IDLE, ZVP_RINGING, ZVP_UP };

struct zvp_phones;

struct zvp_phone {
	struct zvp_phones *phones;
	char user[64];
	/* its registration */
	bool registered, dead;
	uint32_t cseq, challenged;
	char call_id[48], tag[24];
	struct zvc_timer register_timer, life_timer;
	/* its call */
	enum zvp_state state;
	char invite_id[128], remote_tag[96], our_tag[24];
	char *ok;            /* the 200, for copies of the INVITE */
	size_t ok_len;
	struct zvc_peer peer;
	struct zvc_timer repeat_timer;
	uint32_t repeat_ms;
	struct zvc_leg *leg;
	int64_t up_ns;
};

struct zvp_stats {
	uint64_t registers, challenges, refused, calls, ended, crashes, lost_byes, repeats, odd, cuts;
	uint32_t registered, up, up_peak;
};

struct zvp_phones {
	struct zvp_conf conf;
	struct zvc_wheel *wheel;
	struct zvc_journal journal;
	struct zvc_net *net;
	struct zvc_media *media;
	struct zvp_phone *v;
	struct zvp_stats stats;
	uint64_t now_ms, dice;
	uint64_t cut_ms;     /* the next change of the network, cut or whole */
	bool cut, stop;
};

/* phone.c: a message from the network; the timers of a phone; its end. */
void zvp_on_message(void *phones, const struct zvc_net_message *message);
void zvp_phone_init(struct zvp_phones *phones, struct zvp_phone *phone, unsigned number);
void zvp_phone_free(struct zvp_phone *phone);
void zvp_phone_heard(void *phone); /* the first sound of a call */

/* register.c */
void zvp_register(struct zvp_phone *phone, const struct zvc_msg *challenge);
void zvp_on_registered(struct zvp_phone *phone, const struct zvc_msg *msg);

uint64_t zvp_draw(struct zvp_phones *phones);

#endif
