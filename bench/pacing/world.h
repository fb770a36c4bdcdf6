/* bench/pacing/world.h -- what holds on every floor. */
#ifndef WORLD_H
#define WORLD_H

#define NO_ANSWER_MS 28000 /* who does not answer rings so long */
#define RING_MAX_MS  80000 /* the host would ring so long; the slowest answers come before */
#define PATIENCE_MS  2000
#define ANSWER_CV    0.5
#define ANSWER_MS    12000.0
#define TALK_CV      0.9
#define WRAP_CV      0.5
#define TALK_SHARE   0.75 /* of the handling time; the rest is wrap-up */
#define FAIL_SHARE   0.25 /* of the calls that are not answered */
#define ROBOT_MS     20000.0
#define ROBOT_CV     0.4

#endif
