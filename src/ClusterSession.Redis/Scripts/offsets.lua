-- The header of a record, field m: 1 format = 2, 2 flags, 3 created 8, 11 version 13, 24 the
-- version before 13, 37 marks (1: tombstones of attributes were dropped), 38 the highest stamp
-- forgotten since 7, 45 intervals of 20 bytes each: lo 7, hi 7, writer 6. Numbers are big-endian.
local VERSION, PREVIOUS, MARKS, FORGOTTEN, INTERVALS, HI, INTERVAL = 11, 24, 37, 38, 45, 52, 20
