#!/usr/bin/env bash
# The commands behind this folder, from the project's root: the first where the internet is, the second on a machine with a GPU. It
# ran on one NVIDIA H200 with 16 cores, torch 2.11, nine cells at a time, beside the commands of ../utkface-study-small; after 558
# seconds the tables of 20-28 stood, and the machine was gone before the rest. The data digest eae0d1d4f8bd4750 says whether your
# faces are the same. The last command makes tables, figures and the page report.html again from the predictions in kept/.
set -e
benchmarks/gpu_study.sh pack ../shared/utkface pack
benchmarks/gpu_study.sh run pack results/utkface-resnet50
age-unlearning report --source results/utkface-resnet50 --out results/utkface-resnet50
