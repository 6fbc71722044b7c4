#pragma once
#include "entry/abi.h"

/* Fills in the ledger; `errors` is 0 when it balances. Slow, in one step: for tests and quiet moments. */
void ledger_audit(struct ledger *ledger);
