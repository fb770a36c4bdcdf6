/* law/cells.h -- a line of a registry's CSV to its cells, in place; inside core/law only. */
#ifndef ZV_LAW_CELLS_H
#define ZV_LAW_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#define ZV_CELLS_MAX 64u

/* Not ended by 0. */
struct zv_cell {
	char *v;
	size_t len;
};

/* Cells between semicolons, without blanks around.  A cell in quotation marks may hold semicolons;
 * marks inside a cell that does not begin with one, or is not closed, are part of it.  Over
 * ZV_CELLS_MAX: there are more. */
size_t zv_cells_split(char *line, size_t len, struct zv_cell cells[ZV_CELLS_MAX]);
bool zv_cell_is(const struct zv_cell *cell, const char *text);

#endif
