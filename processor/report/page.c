/* A directory of the admin server: everything on it is an address of the same server. */
#include "processor/report/page.h"

const char page_html[] = "<!doctype html>\n"
                         "<html lang=\"en\">\n"
                         "<meta charset=\"utf-8\">\n"
                         "<title>Flywheel</title>\n"
                         "<h1>Flywheel</h1>\n"
                         "<ul>\n"
                         "<li><a href=\"/api/v1/cohorts?window=1h\">Cohorts of the last hour</a>,\n"
                         "    <a href=\"/api/v1/cohorts?window=24h\">24 hours</a>,\n"
                         "    <a href=\"/api/v1/cohorts?window=7d\">7 days</a>\n"
                         "<li><a href=\"/api/v1/status\">Status</a>\n"
                         "<li><a href=\"/metrics\">Metrics</a>\n"
                         "<li><a href=\"/healthz\">Health</a>, <a href=\"/readyz\">readiness</a>\n"
                         "</ul>\n";
