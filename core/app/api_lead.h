/* app/api_lead.h -- private to api_leads.c and api_lead_put.c. */
#ifndef ZV_APP_API_LEAD_H
#define ZV_APP_API_LEAD_H

#include "app/api_in.h"

void zv_api_lead_put(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply);
void zv_api_lead_bulk(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply);
extern const struct zv_http_lines zv_api_lead_lines;

#endif
