/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BROOD_VERSION_H
#define BROOD_VERSION_H

#define BROOD_VERSION "0.1.0"

#endif
