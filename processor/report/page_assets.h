/* The files of the review page (page/), which the build makes bytes of the program. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct page_asset {
    const char *name; /* "app.js"; "index.html" is what stands at `/` */
    const char *content_type;
    const char *etag; /* quoted, of the bytes */
    const uint8_t *data;
    size_t size;
};

extern const struct page_asset page_assets[];
extern const size_t page_asset_count;
