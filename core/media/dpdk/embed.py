#!/usr/bin/env python3
"""embed.py OBJECT HEADER: the bytes of a file as an array of C."""
import sys

with open(sys.argv[1], "rb") as file:
    data = file.read()
with open(sys.argv[2], "w", encoding="ascii") as out:
    out.write("/* made by embed.py */\n_Alignas(8) static const uint8_t rtp_filter[] = {\n")
    for at in range(0, len(data), 16):
        out.write("\t" + ",".join(str(byte) for byte in data[at:at + 16]) + ",\n")
    out.write("};\n")
