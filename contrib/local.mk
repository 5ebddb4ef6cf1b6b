# SPDX-License-Identifier: GPL-3.0-or-later
# What surrounds the program: man pages, sample data, the two commands of the README.
