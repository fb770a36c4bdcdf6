/* dial/floor/pace.h -- what a pool's pacer is told and asked.  Private to core/dial/floor. */
#ifndef ZV_DIAL_FLOOR_PACE_H
#define ZV_DIAL_FLOOR_PACE_H

#include "dial/floor/floor.h"

enum zv_err zv_pace_open(struct zv_engine *e) ZV_MUST_USE;
void zv_pace_close(struct zv_engine *e);
/* Campaigns and agents that came with a new configuration find their pools. */
enum zv_err zv_pace_conf(struct zv_engine *e) ZV_MUST_USE;
void zv_pace_agent(struct zv_engine *e, uint32_t agent);
void zv_pace_handed(struct zv_engine *e, uint32_t slot, uint32_t agent);

#endif
