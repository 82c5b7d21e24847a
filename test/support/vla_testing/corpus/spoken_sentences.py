# SPDX-License-Identifier: Apache-2.0
"""What the spoken corpus says, in two halves: sentences to tune with, and sentences to evaluate with.

Commands can be planned in the scene `room` of vla_planner's fixtures; chatter can't, and is not meant for a robot. A
test holds the planner against both.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentences:
    """commands: to be carried out; chatter: not for the robot; stops: have to stop it; near_stops: must not."""

    commands: tuple[str, ...]
    chatter: tuple[str, ...]
    stops: tuple[str, ...]
    near_stops: tuple[str, ...]


TUNING = Sentences(
    commands=(
        "go to the table",
        "go to the shelf",
        "move forward one meter",
        "move backward",
        "turn left",
        "turn right ninety degrees",
        "turn around",
        "go two meters forward",
        "find the red cup",
        "find a green bottle",
        "pick up the red cup",
        "pick up the blue cup from the shelf",
        "put the blue cup on the table",
        "take the green block and put it on the shelf",
        "go to the table and find a red object",
        "go to the table, find a red object, and pick it up",
        "bring the red cup to the side table",
        "look at the shelf",
        "how many cups are on the table",
        "what is on the shelf",
        "wait five seconds",
        "say hello",
        "move back half a meter",
        "turn left forty five degrees and move forward one meter",
        "drive to the side table",
        "pick up the white bowl",
        "put the green block next to the red cup",
        "look left",
        "move to the right",
        "come back to the table and pick up the green block",
    ),
    chatter=(
        "did you watch the game last night",
        "I think it is going to rain tomorrow",
        "my sister is coming for dinner on Sunday",
        "the coffee machine is broken again",
        "can you believe how expensive this has become",
        "we should call the landlord about the heating",
        "she told me that she left the keys in the car",
        "he put his cup on the table and left",
        "I have been looking for my glasses all morning",
        "the children are playing in the garden",
        "what time does the train leave",
        "I bought a red dress for the wedding",
        "let us meet in front of the station",
        "it took me two hours to get home",
        "nobody has seen the movie yet",
        "they moved to a new house last year",
        "could you pass me the salt please",
        "the meeting has been moved to Thursday",
        "I would like a glass of water",
        "there is a new bakery around the corner",
        "remember when we found that old box in the attic",
        "my back hurts when I sit too long",
        "the dog wants to go out",
        "this song always makes me happy",
    ),
    stops=("stop", "halt", "freeze", "don't move"),
    near_stops=(
        "don't stop",
        "go to the bus stop",
        "I could not stop laughing",
        "the freezer is full",
        "we stopped for lunch",
        "the shop closes at six",
    ),
)

EVALUATION = Sentences(
    commands=(
        "drive to the shelf",
        "go to the side table",
        "move forward two meters",
        "move backward one meter",
        "turn right",
        "turn left thirty degrees",
        "turn around and go to the table",
        "move forward fifty centimeters",
        "find the blue cup",
        "find the white bowl on the side table",
        "pick up the green block",
        "pick up the red cup from the table",
        "put the yellow ball on the side table",
        "take the red cup and put it on the shelf",
        "go to the shelf and find a green bottle",
        "go to the table, find a red object, and pick it up",
        "bring the blue cup to the table",
        "look at the table",
        "how many bottles are on the shelf",
        "what is on the table",
        "wait ten seconds",
        "say good morning",
        "go back half a meter",
        "turn right ninety degrees and move forward two meters",
        "go to the shelf, pick up the blue cup, and bring it to the table",
        "grab the red cup",
        "put the red cup next to the green block",
        "look right",
        "move left",
        "pick up the yellow ball",
    ),
    chatter=(
        "have you heard what happened at work today",
        "it was so cold that the windows were frozen",
        "my brother plays the guitar in a band",
        "the printer has run out of paper",
        "I can not remember where I parked",
        "we are thinking about going to the mountains",
        "he said that he would be late again",
        "she left her blue bag on the chair",
        "they have been looking for a flat for months",
        "the cat is sleeping on the sofa",
        "when does the bank open on Saturday",
        "I need to buy a present for my mother",
        "let us order pizza tonight",
        "it takes forever to load this page",
        "everybody was surprised by the result",
        "you should have seen his face",
        "would you like some more soup",
        "our flight was delayed by three hours",
        "the doctor told me to drink more water",
        "there was a long line in front of the museum",
        "do you still have that green jacket",
        "I turned the page and fell asleep",
        "we went home after the concert",
        "please tell your parents that I said hello",
    ),
    stops=("stop", "halt", "freeze", "don't move", "stop stop stop"),
    near_stops=(
        "do not stop now",
        "meet me at the bus stop",
        "she never stops talking",
        "it is freezing outside",
        "the stopwatch is broken",
        "what a nice top",
    ),
)
