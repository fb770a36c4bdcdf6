/* ctl/svg.h -- the report's three charts as inline SVG; colours come from report.css by class. */
#ifndef ZV_CTL_SVG_H
#define ZV_CTL_SVG_H

#include "ctl/report.h"

/* Shares of the categories. */
void zv_svg_donut(const struct zv_report *r, FILE *to);
/* Attempts by local hour, columns stacked by outcome, with a legend. */
void zv_svg_hours(const struct zv_report *r, FILE *to);
/* Share of answered calls by local hour. */
void zv_svg_rate(const struct zv_report *r, FILE *to);

/* Colours of a category (1 + index; 0: none yet) and an outcome: CSS variable names. */
void zv_svg_category_var(size_t category, char *buf, size_t size);

#endif
