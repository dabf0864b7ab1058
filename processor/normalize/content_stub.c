#include "processor/normalize/normalize.h"
void normalize_content(struct agent_run *run)
{
    run->has_content = true;
}
