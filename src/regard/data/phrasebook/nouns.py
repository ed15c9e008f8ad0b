"""The nouns of the phrasebook: Korean, English, article, counter, unit and group."""

from typing import NamedTuple


class Noun(NamedTuple):
    ko: str
    en: str
    article: str  # of the bare noun: a, the, + for a plural, nothing for what is not counted
    counter: str  # the Korean word that counts it; empty where counting is silly
    unit: str  # what English counts uncounted nouns by: cup, bottle
    group: str  # t text, f food, d drink, g goods, m animal, p person, - no adjective


def rows(table: str) -> list[list[str]]:
    """The words of each line of a table; `_` stands for a space inside a word."""
    return [
        [word.replace("_", " ") for word in line.split()] for line in table.strip().splitlines()
    ]


_NOUNS = """
책 book a 권 - t
소설 novel a 권 - t
잡지 magazine a 권 - t
만화책 comic_book a 권 - t
신문 newspaper a 부 - t
편지 letter a 통 - t
이메일 email a 통 - t
보고서 report a 부 - t
일기 diary a - - -
기사 article a - - t
엽서 postcard a 장 - g
시 poem a 편 - t
단어 word a 개 - -
이름 name a 개 - -
사과 apple a 개 - f
빵 bread - 봉지 bag f
밥 rice - 그릇 bowl -
김치 kimchi - - - f
국수 noodles + 그릇 bowl f
비빔밥 bibimbap - 그릇 bowl f
생선 fish - - - f
케이크 cake a 개 - f
과자 cookie a 개 - f
바나나 banana a 개 - f
딸기 strawberry a 개 - f
떡 rice_cake a 개 - f
만두 dumpling a 개 - f
감자 potato a 개 - f
고구마 sweet_potato a 개 - f
토마토 tomato a 개 - f
수박 watermelon a 통 - f
불고기 bulgogi - - - f
샐러드 salad a 개 - f
물 water - 잔 glass d
커피 coffee - 잔 cup d
우유 milk - 잔 glass d
주스 juice - 잔 glass d
맥주 beer - 병 bottle d
와인 wine - 병 bottle d
녹차 green_tea - 잔 cup d
꽃 flower a 송이 - g
장미 rose a 송이 - g
모자 hat a 개 - g
구두 dress_shoes + 켤레 pair g
운동화 sneakers + 켤레 pair g
양말 socks + 켤레 pair g
가방 bag a 개 - g
우산 umbrella a 개 - g
자동차 car a 대 - g
의자 chair a 개 - g
책상 desk a 개 - g
시계 clock a 개 - g
자전거 bicycle a 대 - g
컴퓨터 computer a 대 - g
카메라 camera a 대 - g
라디오 radio a 대 - g
치마 skirt a 벌 - g
외투 coat a 벌 - g
셔츠 shirt a 벌 - g
한복 hanbok a 벌 - g
교복 school_uniform a 벌 - -
표 ticket a 장 - -
선물 present a 개 - g
연필 pencil a 자루 - g
공책 notebook a 권 - g
인형 doll a 개 - g
그림 picture a 장 - g
사진 photo a 장 - g
지도 map a 장 - g
소포 package a 개 - -
초대장 invitation a 장 - -
상자 box a 개 - g
동전 coin a 개 - -
종이 paper - 장 sheet -
쓰레기 trash the - - -
접시 plate a 개 - g
컵 cup a 개 - g
지갑 wallet a 개 - g
열쇠 key a 개 - -
여권 passport a 개 - -
안경 glasses + - - g
휴대전화 cell_phone a 대 - g
공 ball a 개 - g
영화 movie a 편 - t
드라마 drama a 편 - t
뉴스 news the - - -
경기 game a - - t
공연 show a - - t
음악 music - - - -
노래 song a 곡 - t
강의 lecture a - - t
이야기 story a 개 - t
한국어 Korean - - - -
영어 English - - - -
중국어 Chinese - - - -
수학 math - - - -
역사 history - - - -
과학 science - - - -
태권도 taekwondo - - - -
피아노 piano the - - -
기타 guitar the - - -
테니스 tennis - - - -
문 door the - - -
창문 window the - - -
서랍 drawer the - - -
방 room a 개 - -
부엌 kitchen the - - -
교실 classroom the - - -
화장실 bathroom the - - -
사무실 office the - - -
집 house a 채 - -
다리 bridge a 개 - -
나무 tree a 그루 - -
고양이 cat a 마리 - m
강아지 puppy a 마리 - m
소 cow a 마리 - m
돼지 pig a 마리 - m
닭 chicken a 마리 - m
토끼 rabbit a 마리 - m
나비 butterfly a 마리 - m
물고기 fish a 마리 - m
버스 bus a - - -
기차 train a - - -
택시 taxi a - - -
비행기 plane a - - -
친구 friend a 명 - p
이웃 neighbor a 명 - p
손님 customer a 명 - p
관광객 tourist a 명 - p
점심 lunch - - - -
저녁 dinner - - - -
회의 meeting a - - -
발표 presentation a - - -
여름 summer - - - -
겨울 winter - - - -
바다 sea the - - -
칠판 blackboard the - - -
"""
NOUNS = {
    ko: Noun(ko, en, art.strip("-"), counter.strip("-"), unit.strip("-"), group)
    for ko, en, art, counter, unit, group in rows(_NOUNS)
}
