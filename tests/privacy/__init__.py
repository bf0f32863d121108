"""What Studio does to the network and to the disk, seen from outside, by the system calls of all
its processes.
"""
