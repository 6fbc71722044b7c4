#pragma once
#include "entry/abi.h"
#include <stdbool.h>

/* Fills in the ledger. True when it balances. Slow, in one step: for tests and quiet moments. */
bool ledger_audit(struct ledger *ledger);
