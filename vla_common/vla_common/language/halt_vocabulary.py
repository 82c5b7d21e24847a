# SPDX-License-Identifier: Apache-2.0
"""The words of `stop_words`: one place for all that is said to stop a robot, and for what makes a mention of it.

Data only. Phrases are lower case, words parted by one space, apostrophes straight.
"""

from __future__ import annotations


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    """One phrase a line, or several with a bar between them."""
    return frozenset(
        tuple(phrase.split()) for phrase in text.replace("\n", "|").split("|") if phrase.strip()
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VERBS = frozenset({"stop", "halt", "abort"})
"""Said first, they stop whatever follows, unless that makes a condition, a place or a name of it."""
NARROW_VERBS = frozenset({"freeze", "quit", "cease", "desist", "brake", "terminate"})
"""These have other objects of their own ("freeze the soup"), so only what concerns the robot may follow."""
GERUNDS = frozenset({"stopping", "halting"})

ALONE = _phrases("""
    emergency | this is an emergency | it's an emergency | it is an emergency | emergency stop | emergency halt
    e stop | estop | quick stop | safety stop | protective stop | full stop | all stop | dead stop | hard stop
    emergency brake | kill switch | hit the emergency stop | press the emergency stop | push the emergency stop
    trigger the emergency stop | activate the emergency stop | use the emergency stop | do an emergency stop
    make an emergency stop | engage the emergency stop | trigger an emergency stop | trigger emergency stop
    activate emergency stop | hit the brakes | hit the brake | slam on the brakes | brakes | put on the brakes
    slam the brakes | step on the brake | hold it | hold up | time out | timeout | pull the plug | cease fire
    hold still | hold everything | hold on | hang on | hold your horses | hold your fire | hold fire
    hold your position | hold position | stand still | stay still | keep still | be still | stay put
    stay where you are | stay right where you are | stay right there | stay there | remain where you are
    stand down | stand fast | enough | that's enough | thats enough | that is enough | enough already
    enough is enough | enough of that | quite enough | that is quite enough | that's quite enough | enough of this
    that will do | that'll do | i've had enough | i have had enough | whoa | woah | whoa there | ho | cut it out
    cut that out | knock it off | pack it in | give it a rest | quit that | leave off | lay off | come to a stop
    come to a halt | come to a standstill | come to rest | come to a full stop | come to a complete stop
    come to an immediate stop | come to a rest | bring it to a stop | bring it to a halt | make a full stop
    make it stop | make this stop | make the robot stop | make that thing stop | make this thing stop
    get it to stop | tell it to stop | tell the robot to stop | have it stop | have the robot stop
    cancel and stop | kill it | kill the motors | kill the power | kill power | cut the power | cut power
    cut the motors | shut down | shut it down | shut yourself down | shut off | power down | power off
    turn yourself off | turn off | switch yourself off | switch off | no further | no farther | no closer
    not any further | not any closer | not another step | not one more step | not another inch
    not a step further | not one step further | don't move | don't move any further | don't move any farther
    don't move any closer | don't move anymore | don't move any more | don't move another inch
    don't move an inch | don't move a muscle | don't move at all | don't you move | don't you dare move
    don't you dare move an inch | nobody move | nobody moves | don't even move | don't move from there
    don't move from here | don't move from where you are | don't go | don't go any further | don't go any farther
    don't go any closer | don't go on | don't go there | don't drive | don't drive on | don't drive any further
    don't turn | don't turn any further | don't continue | don't proceed | don't keep going | don't keep moving
    don't come any closer | don't come closer | don't get any closer | don't do that | don't do it | don't do this
    don't do anything | don't take another step | stay | far enough | that's far enough | that is far enough
    go no further | go no farther | come no closer | don't go further | don't go farther | don't drive further
    no more moving | no more movement | no more motion | no more driving | no more turning | i don't want you to move
    i don't want it to move | i don't want the robot to move
""")
"""Stop where a clause is nothing else; what follows them makes something else of them ("that's enough water")."""

ENDS = _phrases("""
    cancel | never mind | nevermind | never mind that | never mind it | nvm | forget it | forget about it
    forget that | forget about that | forget this | forget all that | forget everything | forget what i said
    forget i said that | forget i said anything | scratch that | scratch it | call it off | call that off
    call the whole thing off | i changed my mind | i've changed my mind | i have changed my mind | changed my mind
    disregard | disregard that | disregard this | disregard my last command | disregard the last command
    disregard my command | ignore that | ignore my last command | ignore the last command | ignore what i said
    belay that | belay that order | on second thought don't | on second thoughts don't | don't bother | skip it
    drop everything | leave that | i don't want that anymore | i don't want that any more
    i don't want it anymore | i don't want it any more | undo that command
""")
"""Take back what was said: the robot comes to rest, and the next command may move it."""
CANCEL = "cancel"
CANCELED = _words("""
    that it this everything all of the my your current currently running last previous latest whole entire pending
    queued waiting remaining other active present and what you are doing you're i said command commands order
    orders task tasks plan plans mission missions goal goals action actions request requests movement movements
    motion operation operations job jobs execution instruction instructions queue activity trip drive steps step
    program process again
""")
"""Words of which everything after "cancel" has to consist: "cancel the appointment" is no command to end."""

FILLERS = _phrases("""
    please | pls | plz | please please | kindly | robot | robots | robbie | bot | machine | hey | hi | hello | yo
    oi | hey there | ok | okay | alright | all right | right | now | just | simply | oh | ah | uh | um | uhm | er
    eh | ow | ouch | aah | argh | hmm | well | so | but | no | nope | nah | wait | yes | yeah | yep | look
    listen | listen up | hurry | hurry up | quick | quickly | fast | come on | excuse me | sorry | pardon me
    attention | careful | be careful | caution | watch out | look out | watch it | danger | help | everybody
    everyone | guys | folks | dude | man | buddy | mate | sir | my friend | friend | dear | boy | girl | dammit
    damn | damn it | damn you | goddamn | goddammit | god damn it | god | oh god | my god | oh my god | omg
    good god | good lord | oh lord | jesus | jesus christ | christ | lord | heavens | good heavens | fuck
    fucking | shit | hell | bloody | bloody hell | crap | gosh | oh no | oh dear | oh boy | oh shit
    what the hell | what the fuck | the hell | hell no | for god's sake | for gods sake | for god sake
    for heaven's sake | for heavens sake | for goodness sake | for goodness' sake | for pete's sake
    for petes sake | for christ's sake | for christs sake | for fuck's sake | for fucks sake | for the love of god
    for crying out loud | for your own sake | for my sake | in god's name | in the name of god | in heaven's name
    i beg you | i beg of you | i'm begging you | i am begging you | i implore you | i said | i say | i repeat
    i said to | i already said | i just said | as i said | like i said | you have to | you must | thanks
    thank you | thank you very much | if you please | if you would | if you can | if you could | if you don't mind
    if you hear me | if you can hear me | if possible | when you can | do | do please | pretty please
    with sugar on top | immediately | at once | right now | right away | straight away | straightaway
    this instant | this second | this minute | this very moment | this moment | instantly | promptly | asap
    as soon as possible | as fast as you can | as quickly as you can | as quickly as possible | as soon as you can
    without delay | on the double | now now | already | today | finally | really | seriously | again
    once and for all | for good | altogether | completely | entirely | totally | fully | forever | by all means
    then | you | you robot | you idiot | you fool | you stupid robot | stupid | you stupid machine | idiot
    silly robot | stupid robot | good robot | dear robot | my dear | computer | hal | mister | mr robot
    emergency | warning | time out | timeout
""")
"""Change nothing, before a stop and behind it."""
OPENERS = _phrases("""
    can you | could you | would you | will you | won't you | can't you | can you not just | could you not just
    can we | could we | may i ask you to | can i ask you to | could i ask you to | i want you to | i need you to
    i would like you to | i'd like you to | i ask you to | i'm asking you to | i order you to
    i am ordering you to | i'm ordering you to | i command you to | i beg you to | i tell you to
    i'm telling you to | i am telling you to | i told you to | i asked you to | i have told you to
    i said you should | i said you must | i want it to | i want the robot to | i want this to | i want that to
    i need it to | i need the robot to | i want to | i would like to | i'd like to | i wish you would
    i wish you'd | i hope you | i think you should | i suggest you | i demand that you | i insist that you
    i suggest that you | i would prefer you to | i'd prefer you to | i'd rather you | you must | you should
    you need to | you have to | you've got to | you got to | you gotta | you better | you had better
    you'd better | you ought to | you may | you can | you are to | you will | you shall | you are supposed to
    you're supposed to | you really should | you really must | you really need to | you should really
    the robot must | the robot should | the robot has to | the robot needs to | the robot is to | robot must
    robot should | it must | it should | it has to | it needs to | it is to | this must | this has to
    this needs to | this should | that must | that has to | that needs to | everything must | everything has to
    everything should | we must | we should | we need to | we have to | we've got to | let's | lets | let us
    time to | it's time to | it is time to | it's time you | be so kind as to | be so kind and | be kind enough to
    be a dear and | be good enough to | would you be so kind as to | could you be so kind as to
    do me a favor and | do me a favour and | why don't you | why won't you | why don't we | why aren't you
    why are you not | won't you please | how about you | didn't i tell you to | did i not tell you to
    haven't i told you to | go ahead and | go and | try to | try and | make sure to | make sure you
    make sure that you | be sure to | see that you | somebody | someone | anybody | anyone | would you be able to
    are you able to | you are requested to | you are ordered to | you are asked to | and | i command | i order
    i demand | i request | request | command
""")
"""Open a request, at the beginning only: "could you please stop"."""
GERUND_OPENERS = _phrases("""
    would you mind | do you mind | how about | what about | consider | start | begin | would you consider
    i suggest | why aren't you | why are you not | think about
""")

IDIOMS = _phrases("""
    right there | right here | there | here | where you are | right where you are | exactly where you are
    where it is | where you stand | on the spot | in place | in your tracks | dead in your tracks | dead | cold
    still | as you are | at this point | at this moment | for now | for today | for me | for us | for a moment
    for a second | for a sec | for a minute | for a bit | for a while | for one moment | for one second
    for one minute | for an instant | a moment | a second | a sec | a minute | one moment | one second | one sec
    a bit | for safety | for safety reasons | in time | before it's too late | before it is too late
    before it gets worse | wherever you are | whatever you do | at all | on my command | in any case | at any cost
    at all costs | no matter what | in the name of the law | in the name of love
    in the middle of what you are doing | in an emergency manner | over there right now | by yourself | with that
    with this | with it | with all that | with all this | being | in your path | from now on | in a hurry
    as i said | as told | like i said | like i told you | when you hear this | when you hear me | while you can
    while you still can
""")
"""May follow a stop without making a condition or a place of it."""
STOP_AND_STAY = _phrases("""
    stay | stay there | stay here | stay where you are | stay put | stay still | stand still | hold | hold it
    hold still | wait | wait there | wait here | don't move | be quiet | rest | keep still | remain there
    do nothing | think | listen | look | breathe | relax | calm down | do not move
""")
"""Asked for beside a stop, they are done with it."""

CONDITIONS = _words("""
    when whenever once if unless until till after while whilst during within only except without
""")
"""Somewhere behind a stop, or before it, they make it one for later."""
WHERES = _words("""
    at by near next beside besides behind before between outside inside under underneath below above over in on
    onto into close closer facing halfway midway short left forward forwards backward backwards ahead around along
    across against off up down away opposite every each to for from with short underneath atop
""")
"""Right behind a stop they say where, when or for what ("stop at the table", "stop to look", "stop over")."""
LATER_WHERES = _words("""
    at near before
""")
"""The same, further behind it: "stop driving at the table"; others say what is going on ("stop going to the table")."""
NOUN_ENDINGS = _words("""
    sign signs button buttons light lights lamp watch line lines word words command commands service services
    codon codons gap gaps lever levers switch switches key keys bit bits loss losses order orders list lists press
    position positions code codes plate plates valve valves bath cock block blocks screw screws pin pins bolt
    bolts is was are were means meant has had does did should may might isn't isnt wasn't
""")
"""Right behind it they make a noun of it ("stop sign"), or talk about it ("stop is a word")."""
NOUN_BEGINNINGS = _words("""
    bus door tram train truck taxi pit rest full non nonstop metro subway shuttle coach streetcar trolley
    trolleybus ferry lorry cab tube railway rail fuel gas lunch coffee water bathroom toilet tour whistle short
    glottal organ end limit pipe bench drawer window wheel gear depth chain back one two three four five six seven
    eight nine ten many few some several all both no-stop f t a an the my your his her its our their every each
    any another next previous last first second third final only same other nearest closest farthest furthest long
    short quick sudden red blue green yellow big small large new old wrong correct planned scheduled unscheduled
    intermediate transit layover photo toll police border emergency
""")
"""Right before it they make a noun of it: "the bus stop", "the next stop"."""
SEQUENCE = _words("""
    and then to will would should must can may finally afterwards next later or nor than of with eventually
    subsequently also
""")
"""Right before it they make it a part of something else: "turn left and stop", "ready to stop"."""
NEGATIONS = _words("""
    don't dont never not without can't cant cannot won't wont wouldn't couldn't shouldn't didn't doesn't isn't
    aren't haven't hasn't wasn't weren't mustn't needn't hardly rarely nobody nothing neither donot didnt doesnt
    isnt
""")
AFTER_NEGATION = _words("""
    you ever even just please dare to want need it let have going me the robot now think should must be able
    allowed supposed meant we i us all any that this would like really actually still ask tell asked told him her
    them suddenly completely immediately make
""")
"""Words over which a negation reaches: "don't you ever stop"."""
TALK = _words("""
    say says said saying word words called call named name shout shouts yell yells scream screams hear hears heard
    mean means meant press pressing push button sign write writes read reads spell spells print label labelled
    labeled text type typed whisper utter repeat command tell tells told ask asks asked announce sing display show
    pronounce translate how where when why define until
""")
"""Within the last words before it they make a mention of it: "until I say stop", "tell me when to stop"."""
QUESTIONS = _words("""
    when where why how who what which whose did does do is was are were has have had shall whether
""")
NEW_CLAUSE = _words("""
    you you're youre you've you'll i i'm im i've i'll it it's its we we're they they're he he's she she's that's
    thats this there's theres somebody someone something my your our because cause cuz cos since or otherwise else
    before
""")
"""Begin an explanation behind a stop: "stop, you are going to hit the wall", "stop or it falls"."""
HARMS = _words("""
    hit hits hurt hurts crash crashes break breaks fall falls kill kills damage damages destroy destroys knock
    knocks spill spills drop drops smash smashes bump bumps collide collides ruin ruins run runs die dies tip tips
    crush crushes trip trips injure injures scratch scratches dies late worse
""")
"""What a stop is to prevent: "stop before you hit it" is wanted now, "stop before you reach it" later."""
SUBJECTS = _words("""
    you it something somebody someone anybody anyone anything we i he she they you're there that this
""")
OWN = _words("""
    robot robots bot arm arms base gripper grippers hand hands motor motors engine engines wheel wheels vehicle
    car machine machines movement movements motion motions execution task tasks mission missions plan plans
    program programme action actions command commands job jobs process processes drive drives driving rotation
    system platform head camera thing things everything simulation navigation operation operations activity
    activities work behavior behaviour nonsense madness demo show self yourself itself joints joint body legs
    tracks actuators actuator manipulator
""")
"""What of the robot's may be stopped."""
PRONOUNS = _words("""
    it that this everything all yourself him her them anything these those itself
""")
DETERMINERS = _words("""
    the a an my your his her its our this that these those all any every both
""")
FOREIGN = _words("""
    bus music timer clock alarm video song radio tv television ball train oven microwave tap water rain traffic
    leak fight people thief dog cat kids children noise recording film movie bleeding dishwasher fan kettle stove
    elevator escalator door bleed clocks war press
""")
"""What a person may want to have stopped by the robot, or by anybody; nothing that its own standstill would do."""
NO_GERUND = _words("""
    thing nothing everything anything something string ring king wing spring evening morning ceiling building
    bring sing swing sling ding
""")
UNITS = _words("""
    m meter meters metre metres cm centimeter centimeters centimetre centimetres mm ft foot feet inch inches step
    steps yard yards degree degrees s sec secs second seconds min minute minutes hour hours km
""")
NUMBERS = _words("""
    one two three four five six seven eight nine ten twenty thirty fifty half hundred about roughly approximately
    exactly shortly directly precisely somewhere
""")
IMPERATIVES = _words("""
    go move drive turn rotate spin travel head navigate proceed approach return come advance back step roll walk
    run ride pick grab grasp take get fetch bring put place set drop lay deliver carry hand give throw toss find
    search locate look count describe say tell ask wait follow greet guide point open close lift raise lower push
    pull wave check inspect visit leave face left right forward backward keep continue start make do pause let
    show release
""")
"""Begin what is to be done: "go forward 1 meter, stop, turn left" is a sequence, "you are too close, stop" is not."""
TYPOS = {
    **dict.fromkeys(
        _words("""
        stpo sotp tsop stp sto stopp sstop sttop stoop stpop sotop stoip stopo stpp stio stoo stol dtop syop
        sgop srop st0p st0pp stiop stolp stope stopl stob stahp xtop stopit stoped stapp stap shtop zstop astop stopr
        stoo stopn stops juststop stopplease pleasestop stopnow stopit stopthat stopmoving
    """),
        "stop",
    ),
    **dict.fromkeys(_words("hlat hatl hallt halte hatlt haltt hault"), "halt"),
    **dict.fromkeys(_words("freez freze frezee fereze freexe frezze"), "freeze"),
    **dict.fromkeys(_words("abrot abbort aborrt aborted abor"), "abort"),
    **dict.fromkeys(_words("woah wo whoah wooah woa whao"), "whoa"),
    **dict.fromkeys(_words("enuff enuf enogh enouhg"), "enough"),
    **dict.fromkeys(_words("emergancy emergeny emrgency emegency emergecny"), "emergency"),
    **dict.fromkeys(_words("plese pleas plase pleace plaese"), "please"),
    **dict.fromkeys(_words("immediatly imediately immediatley imediatly"), "immediately"),
    **dict.fromkeys(_words("moveing movin movng"), "moving"),
    **dict.fromkeys(_words("cancle cancell cansel canel"), "cancel"),
}
"""What slips out of fingers in a hurry; no words of their own, but for those in ONLY_ALONE."""
ONLY_ALONE = frozenset({"stoop", "stops", "stap", "stob", "sto", "aborted", "stole", "wo"})
"""Those that are words of their own: they count where nothing else is said."""
STRETCHED = _words("""
    stop halt freeze abort whoa enough cease please no robot now moving emergency cancel hey wait it right that
    everything immediately hold ok okay oh driving
""")
"""Words that are drawn out: "stooop", "noooo", "freeeeze"."""
LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0455\u0442\u0456\u04bb\u03bf\u03c4\u03c1\u03b1"
    "\u0410\u0415\u041e\u0420\u0421\u0405\u0422\u0406\u04ba\u039f\u03a4\u03a1\u0391",
    "aeopcstihotpaAEOPCSTIHOTPA",
)
"""Cyrillic and Greek letters that look like Latin ones."""

INTERRUPTING = _words("wait pause hold no nope don't")
"""Said alone while the robot moves, they can only mean that it should not go on."""

SIGNS = {"\N{OCTAGONAL SIGN}": " stop ", "\N{NO ENTRY}": " stop ", "\N{RAISED HAND}": " stop "}

SPOTTED = ("stop", "halt", "freeze", "don't move")
"""What a spotter listens for in the sound itself, before an utterance is over."""
SPOTTED_LONGER = (
    "stop it", "stop now", "stop that", "stop moving", "stop driving", "stop turning", "stop everything",
    "stop right now", "stop right there", "stop the robot", "stop immediately", "stop at once", "stop please",
)  # fmt: skip
"""Longer ways to say them that a spotter knows as well."""
