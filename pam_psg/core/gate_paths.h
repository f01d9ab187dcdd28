/* Private to the gate. */
#ifndef PSG_CORE_GATE_PATHS_H
#define PSG_CORE_GATE_PATHS_H

#include "psg/gate.h"

/* Fills the gate's paths, and its groups, from its assignments. Errors: the store's; NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_gate_paths(struct psg_gate *gate, const struct psg_demand *demand);

#endif
