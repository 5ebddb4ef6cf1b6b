#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs as PID 1 of new namespaces: a system of its own over what is installed here, nothing of which outlives the test. FOLDER is seen inside as /test;
# FOLDER/dest is what `make install` made, FOLDER/cgroup a cgroup2 of its own.
set -eu
folder=$1
mkdir -p "$folder/overlay"
mount -t tmpfs tmpfs "$folder/overlay"
mkdir "$folder"/overlay/{upper,work,root}
root=$folder/overlay/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/overlay/upper,workdir=$folder/overlay/work" "$root"
mount -t proc proc "$root/proc"
# Its settings of the kernel would be ours.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
        : >"$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/test" "$root/var/log/journal"
mount --bind "$folder" "$root/test"
mount -t tmpfs -o mode=755 tmpfs "$root/etc/systemd/system"
mount -t tmpfs tmpfs "$root/var/log/journal"
rm -f "$root/etc/fstab" "$root/etc/machine-id"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
cp -a "$folder/dest/." "$root/"
cd "$root"
mkdir -p oldroot
pivot_root . oldroot
umount -l /oldroot
rmdir oldroot
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=basic.target --log-target=journal \
        --show-status=0 --dump-core=0
