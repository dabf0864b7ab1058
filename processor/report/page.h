/* What a person finds at `/`. */
#pragma once

extern const char page_html[];
