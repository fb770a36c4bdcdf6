#include "media/steer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSNS_MAX  (80u + 8u * ZV_MEDIA_ADDRS_MAX)
#define JUMPS_MAX  (16u + 2u * ZV_MEDIA_ADDRS_MAX)
#define KEY_OFFSET (-4) /* of r10: the key of a look-up */

enum { LABEL_PASS, LABEL_FOUND, LABEL_WRONG, LABEL_SILENT, LABEL_PICK, LABEL_OURS, LABEL_NEXT, LABELS };

/* A program under construction: jumps are filled in when their label's place is known. */
struct maker {
	struct bpf_insn insns[INSNS_MAX];
	uint32_t n, n_jumps;
	struct { uint32_t at, label; } jumps[JUMPS_MAX];
};

static long bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* ---- the program ---- */

static void put(struct maker *m, uint32_t code, uint32_t dst, uint32_t src, int off, int32_t imm)
{
	m->insns[m->n++] = (struct bpf_insn){.code = (uint8_t)code, .dst_reg = dst & 15u, .src_reg = src & 15u,
					     .off = (int16_t)off, .imm = imm};
}

static void jump_to(struct maker *m, uint32_t code, uint32_t dst, uint32_t src, int32_t imm, uint32_t label)
{
	m->jumps[m->n_jumps].at = m->n;
	m->jumps[m->n_jumps++].label = label;
	put(m, code, dst, src, 0, imm);
}

/* All jumps so far to the label lead here.  Labels are forward only. */
static void label_here(struct maker *m, uint32_t label)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < m->n_jumps; i++) {
		if (m->jumps[i].label == label)
			m->insns[m->jumps[i].at].off = (int16_t)(m->n - m->jumps[i].at - 1);
		else
			m->jumps[kept++] = m->jumps[i];
	}
	m->n_jumps = kept;
}

static void load(struct maker *m, uint32_t dst, uint32_t src, size_t off)
{
	put(m, BPF_LDX | BPF_MEM | BPF_W, dst, src, (int)off, 0);
}

/* r0 = the map's element whose number is in r9; 0 if there is none. */
static void look_up(struct maker *m, int map_fd)
{
	put(m, BPF_STX | BPF_MEM | BPF_W, 10, 9, KEY_OFFSET, 0);
	put(m, BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map_fd);
	put(m, 0, 0, 0, 0, 0);
	put(m, BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	put(m, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, KEY_OFFSET);
	put(m, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
}

/* r9 = the slot of local address r7 and port r8 if the range has it. */
static void find_in_range(struct maker *m, const struct zv_media_range *r, uint32_t first_slot)
{
	uint32_t ip;

	memcpy(&ip, r->ip.bytes, 4);
	if (ip != htonl(INADDR_ANY))
		jump_to(m, BPF_JMP32 | BPF_JNE | BPF_K, 7, 0, (int32_t)ip, LABEL_NEXT);
	put(m, BPF_ALU | BPF_MOV | BPF_X, 9, 8, 0, 0);
	put(m, BPF_ALU | BPF_SUB | BPF_K, 9, 0, 0, r->port_first);
	jump_to(m, BPF_JMP32 | BPF_JGE | BPF_K, 9, 0, 2 * (int32_t)r->n_ports, LABEL_NEXT);
	jump_to(m, BPF_JMP32 | BPF_JSET | BPF_K, 9, 0, 1, LABEL_PASS); /* an odd port */
	put(m, BPF_ALU | BPF_RSH | BPF_K, 9, 0, 0, 1);
	put(m, BPF_ALU | BPF_ADD | BPF_K, 9, 0, 0, (int32_t)first_slot);
	jump_to(m, BPF_JMP | BPF_JA, 0, 0, 0, LABEL_FOUND);
	label_here(m, LABEL_NEXT);
}

static void count(struct maker *m, uint32_t entry)
{
	put(m, BPF_ALU | BPF_MOV | BPF_K, 3, 0, 0, 1);
	put(m, BPF_STX | BPF_ATOMIC | BPF_W, entry, 3, (int)offsetof(struct zv_steer_port, rejected), BPF_ADD);
}

/* r6 the context, r7 the port's entry, r9 the slot.  Goes to OURS, WRONG or SILENT. */
static void judge_sender(struct maker *m)
{
	load(m, 2, 7, offsetof(struct zv_steer_port, how));
	jump_to(m, BPF_JMP32 | BPF_JEQ | BPF_K, 2, 0, ZV_STEER_ANY, LABEL_OURS);
	jump_to(m, BPF_JMP32 | BPF_JNE | BPF_K, 2, 0, ZV_STEER_PEER, LABEL_SILENT);
	load(m, 2, 6, offsetof(struct bpf_sk_lookup, remote_ip4));
	load(m, 3, 7, offsetof(struct zv_steer_port, ip));
	jump_to(m, BPF_JMP32 | BPF_JNE | BPF_X, 2, 3, 0, LABEL_WRONG);
	load(m, 2, 6, offsetof(struct bpf_sk_lookup, remote_port));
	put(m, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	load(m, 3, 7, offsetof(struct zv_steer_port, port));
	jump_to(m, BPF_JMP32 | BPF_JEQ | BPF_X, 2, 3, 0, LABEL_OURS);
}

static void make(struct maker *m, const struct zv_steer *s)
{
	const struct zv_media_plan *plan = s->plan;
	uint32_t slot = 0;

	put(m, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	load(m, 2, 6, offsetof(struct bpf_sk_lookup, family));
	jump_to(m, BPF_JMP32 | BPF_JNE | BPF_K, 2, 0, AF_INET, LABEL_PASS);
	load(m, 2, 6, offsetof(struct bpf_sk_lookup, protocol));
	jump_to(m, BPF_JMP32 | BPF_JNE | BPF_K, 2, 0, IPPROTO_UDP, LABEL_PASS);
	load(m, 7, 6, offsetof(struct bpf_sk_lookup, local_ip4));
	load(m, 8, 6, offsetof(struct bpf_sk_lookup, local_port));
	for (uint32_t i = 0; i < plan->n_ranges; i++) {
		find_in_range(m, &plan->ranges[i], slot);
		slot += plan->ranges[i].n_ports;
	}
	jump_to(m, BPF_JMP | BPF_JA, 0, 0, 0, LABEL_PASS);
	label_here(m, LABEL_FOUND);
	jump_to(m, BPF_JMP32 | BPF_JGE | BPF_K, 9, 0, (int32_t)plan->n_slots, LABEL_PASS);
	look_up(m, s->ports_fd);
	jump_to(m, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, LABEL_PASS);
	put(m, BPF_ALU64 | BPF_MOV | BPF_X, 7, 0, 0, 0);
	judge_sender(m);
	label_here(m, LABEL_WRONG);
	count(m, 7);
	put(m, BPF_ALU | BPF_MOD | BPF_K, 9, 0, 0, (int32_t)plan->n_threads);
	put(m, BPF_ALU | BPF_ADD | BPF_K, 9, 0, 0, (int32_t)plan->n_slots);
	look_up(m, s->ports_fd);
	jump_to(m, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, LABEL_PASS);
	count(m, 0);
	label_here(m, LABEL_SILENT);
	put(m, BPF_ALU | BPF_MOV | BPF_K, 9, 0, 0, (int32_t)plan->n_threads);
	jump_to(m, BPF_JMP | BPF_JA, 0, 0, 0, LABEL_PICK);
	label_here(m, LABEL_OURS);
	put(m, BPF_ALU | BPF_MOD | BPF_K, 9, 0, 0, (int32_t)plan->n_threads);
	label_here(m, LABEL_PICK);
	look_up(m, s->sockets_fd);
	jump_to(m, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, LABEL_PASS);
	put(m, BPF_ALU64 | BPF_MOV | BPF_X, 7, 0, 0, 0);
	put(m, BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0);
	put(m, BPF_ALU64 | BPF_MOV | BPF_X, 2, 7, 0, 0);
	put(m, BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0);
	put(m, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sk_assign);
	put(m, BPF_ALU64 | BPF_MOV | BPF_X, 1, 7, 0, 0);
	put(m, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sk_release);
	label_here(m, LABEL_PASS);
	put(m, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, SK_PASS);
	put(m, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* ---- maps, sockets, attachment ---- */

static int make_map(enum bpf_map_type type, uint32_t value, uint32_t entries, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;
	return (int)bpf(BPF_MAP_CREATE, &attr);
}

static bool set_socket(const struct zv_steer *s, uint32_t at, int fd)
{
	union bpf_attr attr;
	uint64_t value = (uint64_t)fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)s->sockets_fd;
	attr.key = (uint64_t)(uintptr_t)&at;
	attr.value = (uint64_t)(uintptr_t)&value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr) == 0;
}

/* Everything is dropped before it is queued, and nothing is answered. */
static int open_silent(void)
{
	struct sock_filter none = {.code = BPF_RET | BPF_K, .k = 0};
	struct sock_fprog filter = {.len = 1, .filter = &none};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0 &&
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool load_program(struct zv_steer *s)
{
	struct maker m = {0};
	union bpf_attr attr;

	make(&m, s);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
	attr.expected_attach_type = BPF_SK_LOOKUP;
	attr.insn_cnt = m.n;
	attr.insns = (uint64_t)(uintptr_t)m.insns;
	attr.license = (uint64_t)(uintptr_t)"MIT";
	memcpy(attr.prog_name, "zvonar_rtp", sizeof("zvonar_rtp"));
	s->program_fd = (int)bpf(BPF_PROG_LOAD, &attr);
	return s->program_fd >= 0;
}

static bool attach(struct zv_steer *s)
{
	union bpf_attr attr;
	int netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (netns < 0)
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)s->program_fd;
	attr.link_create.target_fd = (uint32_t)netns;
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	s->link_fd = (int)bpf(BPF_LINK_CREATE, &attr);
	close(netns);
	return s->link_fd >= 0;
}

static bool make_maps(struct zv_steer *s)
{
	uint32_t entries = s->plan->n_slots + s->plan->n_threads;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	s->ports_fd = make_map(BPF_MAP_TYPE_ARRAY, sizeof(struct zv_steer_port), entries, BPF_F_MMAPABLE);
	s->sockets_fd = make_map(BPF_MAP_TYPE_SOCKMAP, sizeof(uint64_t), s->plan->n_threads + 1, 0);
	if (s->ports_fd < 0 || s->sockets_fd < 0)
		return false;
	s->size = (entries * sizeof(struct zv_steer_port) + page - 1) / page * page;
	s->ports = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->ports_fd, 0);
	if (s->ports == MAP_FAILED) {
		s->ports = NULL;
		return false;
	}
	return true;
}

enum zv_err zv_steer_init(struct zv_steer *s, const struct zv_media_plan *plan, const int *sockets,
			  char *text, size_t text_size)
{
	const char *what = "the maps";
	bool good;

	*s = (struct zv_steer){.plan = plan, .ports_fd = -1, .sockets_fd = -1, .program_fd = -1,
			       .link_fd = -1, .silent_fd = -1};
	good = make_maps(s);
	s->silent_fd = good ? open_silent() : -1;
	good = s->silent_fd >= 0 && set_socket(s, plan->n_threads, s->silent_fd);
	for (uint32_t i = 0; i < plan->n_threads && good; i++)
		good = set_socket(s, i, sockets[i]);
	if (good) {
		what = "the program";
		good = load_program(s);
	}
	if (good) {
		what = "its attachment";
		good = attach(s);
	}
	if (good)
		return ZV_OK;
	(void)snprintf(text, text_size, "BPF sk_lookup, %s: %s", what, strerror(errno));
	zv_steer_fini(s);
	return ZV_EDENIED;
}

void zv_steer_fini(struct zv_steer *s)
{
	const int fds[] = {s->link_fd, s->program_fd, s->silent_fd, s->sockets_fd, s->ports_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] > 0)
			close(fds[i]);
	if (s->ports != NULL)
		munmap(s->ports, s->size);
	*s = (struct zv_steer){.ports_fd = -1, .sockets_fd = -1, .program_fd = -1, .link_fd = -1,
			       .silent_fd = -1};
}
