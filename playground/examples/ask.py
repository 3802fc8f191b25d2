# Programs may ask: type the answer below the output. Stop ends a program that waits.

name = input("What is your name? ")
print("Hello, \x1b[1;35m%s\x1b[0m!" % name)
total = 0
while True:
    text = input("A number to add, or nothing to end: ")
    if not text:
        break
    total += int(text)
    print("that makes", total)
with open("/total.txt", "w") as f:
    f.write("%d\n" % total)
print("The total is in /total.txt, see Files.")
