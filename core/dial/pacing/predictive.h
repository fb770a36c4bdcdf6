/* dial/pacing/predictive.h -- the engine's own pacer: looks at every call under way and every busy
 * agent, and places a call while the risk that its answer finds nobody is worth it.
 *
 * Speaks zvonar/pacer.h, so that a plugin can stand in its place.
 *
 * Thread: engine.  Memory at open only; an event costs one term of the sums, a decision the grid.
 */
#ifndef ZV_DIAL_PACING_PREDICTIVE_H
#define ZV_DIAL_PACING_PREDICTIVE_H

#include "zvonar/pacer.h"

extern const struct zv_pacer_ops zv_predictive_ops;

#endif
