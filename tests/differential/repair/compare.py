"""compare.py WORK: whether Kafka, asked in WORK/answers, left repaired partitions as they were, and opened them all."""
import pathlib
import sys


def batches(folder):
    """What is in the logs; where nothing is left Kafka begins an empty one."""
    return {file.name: file.read_bytes() for file in folder.glob("*.log") if file.stat().st_size}


def main():
    work = pathlib.Path(sys.argv[1])
    faults = (work / "faults").read_text().splitlines()
    ends, changed, compared = {}, 0, 0
    differ = set()
    for line in (work / "answers").read_text().splitlines():
        number, stop, name, *answer = line.split(" ")
        compared += 1
        ours, kafkas = batches(work / "repaired" / number / name), batches(work / "kafkas" / f"{number}.{stop}" / name)
        changed += stop == "clean" and ours != batches(work / "damaged" / number / name)
        found = []
        if len(answer) != 2:
            found.append(f"Kafka refuses it: {answer[0]}")
        elif ends.setdefault(number, answer[1]) != answer[1]:
            found.append(f"ends at {answer[1]}, after a clean stop at {ends[number]}")
        elif ours != kafkas:
            sizes = [{file: len(data) for file, data in side.items()} for side in (ours, kafkas)]
            found.append(f"batches: {sizes[0]}, Kafka leaves {sizes[1]}")
        if found:
            differ.add(number)
            print(f"DIFFERS {line}\n  " + "\n  ".join(found))
            print("\n".join(f"  {fault}" for fault in faults if fault.startswith(f"{number} ")))
    print(f"{compared} starts on repaired partitions, {changed} of them with other batches than before the repair, {len(differ)} differ")
    sys.exit(bool(differ) or not compared)


main()
