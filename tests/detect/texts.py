"""What people say when they pick up the phone, what machines say, and what carriers announce.

Even lines belong to the half of the set on which the detector is tuned, odd ones to the half on which
it is judged; so do the voices.  A machine's text is a list of sentences: the pauses between them
are made by make_set.py, as people who record them make them, not by the synthesiser."""

# espeak-ng's own voice of the language
VOICES = {'ru': 'ru', 'uk': 'uk', 'kk': 'kk', 'en': 'en-us', 'gb': 'en-gb', 'de': 'de', 'pl': 'pl',
          'fr': 'fr-fr', 'tr': 'tr', 'it': 'it'}
# variants of a voice: even ones tune, odd ones judge; with the range of their pitch
VARIANTS = ['m1', 'm3', 'f2', 'f1', 'm7', 'm2', 'f4', 'f3', 'Andy', 'Alicia', 'grandpa', 'grandma',
            'linda', 'Michael', 'klatt2', 'max', 'croak', 'f5', 'm5', 'm4', 'steph', 'anika']

# A word or two, and silence: most answers.
SHORT = {
    'ru': ['Алло', 'Алё', 'Да', 'Слушаю', 'Да, алло', 'Да, слушаю', 'Алло?', 'Слушаю вас', 'Да да', 'Да?',
           'Говорите', 'Ну алло', 'Алло, да', 'Ага, слушаю', 'У телефона', 'Угу'],
    'uk': ['Алло', 'Так', 'Слухаю', 'Алло, слухаю', 'Так, слухаю вас', 'Слухаю вас', 'Алло?', 'Так?'],
    'kk': ['Алло', 'Иә', 'Тыңдап тұрмын', 'Алло, иә', 'Иә, тыңдаймын', 'Әлеу'],
    'en': ['Hello?', 'Hi', 'Yes?', 'Hello', 'Yeah, hello?', 'Hello, who is this?', 'Speaking', 'Hello hello?'],
    'gb': ['Hello', 'Hello?', 'Yes, hello', 'Yes?', 'Good morning', 'Hiya'],
    'de': ['Hallo?', 'Ja?', 'Ja, hallo', 'Hallo', 'Ja bitte?', 'Müller'],
    'pl': ['Halo', 'Tak?', 'Halo, słucham', 'Słucham', 'No cześć', 'Tak, słucham'],
    'fr': ['Allô?', 'Oui', 'Oui allô?', 'Allô', 'Oui, bonjour', 'Allô, oui?'],
    'tr': ['Alo', 'Efendim', 'Buyurun', 'Alo, buyurun'],
    'it': ['Pronto', 'Pronto?', 'Sì, pronto', 'Sì?'],
}
# A name, or a firm and a name.
NAMED = {
    'ru': ['Иванов, слушаю', 'Алло, Сергей слушает', 'Да, здравствуйте, слушаю вас', 'Приёмная, Анна',
           'Добрый день, Ольга', 'Бухгалтерия, слушаю', 'Алло, кто это?', 'Компания Вектор, добрый день',
           'Да, алло, я вас слушаю, говорите', 'Отдел продаж, Дмитрий, здравствуйте'],
    'uk': ['Коваленко слухає', 'Добрий день, слухаю вас', 'Алло, хто це?', 'Приймальня, Оксана'],
    'kk': ['Серік тыңдап тұр', 'Сәлеметсіз бе, тыңдап тұрмын', 'Алло, бұл кім?', 'Қабылдау бөлмесі'],
    'en': ['Hello, this is John', 'Anderson residence', 'Good morning, this is Kate', 'Hello, Smith speaking'],
    'gb': ['Hello, Peter speaking', 'Four two seven one', 'Jones and sons, good morning', 'Hello, who is calling?'],
    'de': ['Schneider, guten Tag', 'Hallo, hier ist Anna', 'Autohaus Weber, guten Tag', 'Praxis Doktor Klein'],
    'pl': ['Kowalski, słucham', 'Dzień dobry, słucham', 'Halo, kto mówi?', 'Sekretariat, słucham'],
    'fr': ['Allô, Martin à l\'appareil', 'Société Durand, bonjour', 'Oui bonjour, qui est-ce?', 'Cabinet Leroy, bonjour'],
    'tr': ['Alo, kim o?', 'Buyurun, Mehmet ben'],
    'it': ['Pronto, chi parla?', 'Studio Rossi, buongiorno'],
}
# A firm's whole formula, said by a person.
LONG = {
    'ru': ['Компания Ромашка, отдел продаж, менеджер Анна, здравствуйте, чем могу помочь?',
           'Добрый день, клиника Здоровье, администратор Елена, слушаю вас',
           'Салон красоты на Ленина, здравствуйте, слушаю вас внимательно',
           'Автосервис Мотор, Алексей, добрый день, слушаю'],
    'uk': ['Компанія Промінь, відділ продажу, Оксана, добрий день, чим можу допомогти?',
           'Добрий день, клініка Здоров\'я, адміністратор Олена, слухаю вас'],
    'kk': ['Сәлеметсіз бе, Достар компаниясы, Айгүл тыңдап тұр', 'Қайырлы күн, сату бөлімі, тыңдап тұрмын'],
    'en': ['Good afternoon, Miller and partners, this is Susan speaking, how may I help you?',
           'Thank you for calling Joe\'s garage, this is Mike, how can I help?'],
    'gb': ['Good morning, Bright dental surgery, Emma speaking, how can I help you?',
           'Hello, The Red Lion hotel, reception, how may I help?'],
    'de': ['Firma Becker, Vertrieb, mein Name ist Anna Schmidt, guten Tag, was kann ich für Sie tun?',
           'Guten Tag, Zahnarztpraxis Doktor Braun, Sie sprechen mit Frau Lange'],
    'pl': ['Dzień dobry, firma Nowak, dział sprzedaży, Anna Wójcik, w czym mogę pomóc?',
           'Przychodnia Zdrowie, dzień dobry, rejestracja, słucham'],
    'fr': ['Société Bernard bonjour, Sophie à votre écoute, que puis-je faire pour vous?',
           'Cabinet du docteur Petit, bonjour, je vous écoute'],
    'tr': ['İyi günler, Yıldız şirketi, ben Ayşe, nasıl yardımcı olabilirim?', 'Güneş kliniği, iyi günler, buyurun'],
    'it': ['Buongiorno, ditta Bianchi, sono Laura, come posso aiutarla?', 'Studio dentistico Verdi, buongiorno, mi dica'],
}
# Before the word proper.
HESITANT = {
    'ru': ['Эээ', 'Ммм', 'Сейчас', 'Так'], 'uk': ['Еее', 'Зараз', 'Ммм', 'Так'], 'kk': ['Ээ', 'Қазір'],
    'en': ['Umm', 'Uh', 'Hang on', 'Just a second'], 'gb': ['Erm', 'Just a minute'], 'de': ['Ähm', 'Moment'],
    'pl': ['Eee', 'Chwila'], 'fr': ['Euh', 'Attendez'], 'tr': ['Şey', 'Bir dakika'], 'it': ['Ehm', 'Un attimo'],
}
# Voicemail and answering machines, the carriers' and the owners' own.
MACHINE = {
    'ru': [['Здравствуйте!', 'Вы позвонили Анне.', 'Сейчас я не могу подойти к телефону.', 'Пожалуйста, оставьте сообщение после сигнала.'],
           ['Абонент не может ответить на ваш звонок.', 'Оставьте, пожалуйста, голосовое сообщение после звукового сигнала.'],
           ['Вас приветствует автоответчик.', 'В настоящее время никого нет дома.', 'Говорите после гудка.'],
           ['Привет!', 'Это Дима, я сейчас занят.', 'Перезвоните позже или напишите сообщение.'],
           ['Здравствуйте.', 'Абонент сейчас не может говорить.', 'Я голосовой помощник, скажите, что ему передать?'],
           ['Добрый день, это секретарь Олег.', 'Абонент не отвечает.', 'По какому вопросу вы звоните?'],
           ['Вы позвонили в компанию Стройка.', 'Ваш звонок очень важен для нас.', 'Пожалуйста, оставайтесь на линии, первый освободившийся оператор ответит вам.'],
           ['Здравствуйте, вы позвонили в банк.', 'Для соединения с оператором нажмите один.', 'Для получения справки нажмите два.'],
           ['Оставьте сообщение после сигнала.'],
           ['Говорите после сигнала.'],
           ['Алло!', 'Я вас не слышу!', 'А, это потому что меня нет дома, оставьте сообщение.'],
           ['Голосовая почта.', 'Вызываемый вами абонент недоступен.', 'Вы можете оставить сообщение длительностью до минуты.']],
    'uk': [['Вітаю!', 'Ви зателефонували Оксані.', 'Зараз я не можу відповісти, залиште повідомлення після сигналу.'],
           ['Абонент не може прийняти ваш дзвінок.', 'Будь ласка, залиште голосове повідомлення після сигналу.'],
           ['Вас вітає голосова пошта.', 'Говоріть після звукового сигналу.'],
           ['Добрий день, ви зателефонували до компанії.', 'Ваш дзвінок дуже важливий для нас, залишайтеся на лінії.']],
    'kk': [['Сәлеметсіз бе!', 'Қазір жауап бере алмаймын.', 'Дыбыстық белгіден кейін хабарлама қалдырыңыз.'],
           ['Абонент қазір жауап бере алмайды.', 'Белгіден кейін дауыстық хабарлама қалдырыңыз.'],
           ['Сіз Достар компаниясына қоңырау шалдыңыз.', 'Желіде күте тұрыңыз, оператор сізге жауап береді.'],
           ['Дауыстық пошта.', 'Белгіден кейін сөйлеңіз.']],
    'en': [['Hi, you\'ve reached John.', 'I can\'t come to the phone right now.', 'Please leave a message after the beep.'],
           ['Your call has been forwarded to an automatic voice message system.', 'At the tone, please record your message.'],
           ['Hello.', 'You have reached the Smith family.', 'We are not at home, please leave your name and number.'],
           ['The person you are trying to reach is not available.', 'Please leave a message after the tone.'],
           ['Thank you for calling Acme corporation.', 'If you know your party\'s extension, dial it at any time.'],
           ['You have reached the voicemail of Kate Brown.', 'I am either on the phone or away from my desk.'],
           ['Hey!', 'It\'s Mike, you know what to do.'],
           ['Please leave a message after the tone.'],
           ['Hi, if you record your name and reason for calling, I will see if this person is available.'],
           ['The Google subscriber you have called is not available.', 'Please leave a message after the tone.']],
    'gb': [['Welcome to the messaging service.', 'The person you are calling is not able to take your call.', 'Please leave your message after the tone.'],
           ['Hello.', 'This is the Taylor residence.', 'Leave a message and we will get back to you.'],
           ['The person you are calling is unavailable.', 'To leave a message, please speak after the tone.'],
           ['Hi, this is Emma.', 'Sorry I missed your call, leave me a message.']],
    'de': [['Guten Tag, Sie sind verbunden mit dem Anschluss von Familie Müller.', 'Wir sind zur Zeit nicht zu Hause.', 'Bitte hinterlassen Sie eine Nachricht nach dem Signalton.'],
           ['Der gewünschte Gesprächspartner ist zur Zeit nicht erreichbar.', 'Bitte sprechen Sie nach dem Ton.'],
           ['Hallo!', 'Hier ist die Mailbox von Anna.', 'Ich rufe zurück.'],
           ['Guten Tag.', 'Unsere Praxis ist zur Zeit geschlossen.', 'Sie erreichen uns montags bis freitags von acht bis zwölf Uhr.']],
    'pl': [['Dzień dobry.', 'Tu automatyczna sekretarka.', 'Proszę zostawić wiadomość po sygnale.'],
           ['Abonent jest czasowo niedostępny.', 'Po usłyszeniu sygnału nagraj wiadomość.'],
           ['Cześć, tu Marek.', 'Nie mogę teraz odebrać, zostaw wiadomość.'],
           ['Poczta głosowa.', 'Proszę nagrać wiadomość po sygnale.']],
    'fr': [['Bonjour, vous êtes bien sur le répondeur de Sophie.', 'Je ne suis pas disponible.', 'Laissez-moi un message après le bip.'],
           ['Bonjour.', 'Votre correspondant n\'est pas joignable pour le moment.', 'Veuillez laisser votre message après le signal sonore.'],
           ['Bonjour, vous êtes en communication avec la messagerie vocale.', 'Parlez après le signal.'],
           ['Salut!', 'C\'est Pierre, laissez un message, je vous rappelle.']],
    'tr': [['Merhaba.', 'Şu anda telefona cevap veremiyorum.', 'Lütfen sinyal sesinden sonra mesaj bırakın.'],
           ['Aradığınız kişiye şu anda ulaşılamıyor.', 'Sinyal sesinden sonra mesajınızı bırakabilirsiniz.']],
    'it': [['Salve, questa è la segreteria telefonica di Marco.', 'Lasciate un messaggio dopo il segnale acustico.'],
           ['Buongiorno.', 'Al momento non possiamo rispondere.', 'Lasciate un messaggio dopo il bip.']],
}
# The network's words before any answer: nobody is to be reached.
CARRIER = {
    'ru': [['Аппарат абонента выключен или находится вне зоны действия сети.', 'Попробуйте позвонить позднее.'],
           ['Абонент временно недоступен.', 'Перезвоните, пожалуйста, позже.'],
           ['Набранный вами номер не существует.', 'Проверьте правильность набора номера.'],
           ['Неправильно набран номер.'],
           ['Телефон абонента выключен.'],
           ['Номер не обслуживается.', 'Номер не обслуживается.'],
           ['Данный вид связи для абонента недоступен.'],
           ['Абонент не зарегистрирован в сети.', 'The subscriber is not registered in the network.']],
    'uk': [['На даний момент абонент не може прийняти ваш дзвінок.', 'Зателефонуйте, будь ласка, пізніше.'],
           ['Абонент поза зоною досяжності.'],
           ['Номер, який ви набрали, не існує.'],
           ['Ваш абонент тимчасово недоступний.', 'Спробуйте зателефонувати пізніше.']],
    'kk': [['Абоненттің телефоны өшірулі немесе желі аясынан тыс жерде.', 'Кейінірек қоңырау шалыңыз.'],
           ['Сіз терген нөмір қате.', 'Нөмірдің дұрыстығын тексеріңіз.']],
    'en': [['The number you have dialed is not in service.', 'Please check the number and dial again.'],
           ['We\'re sorry, your call cannot be completed as dialed.'],
           ['The wireless customer you are calling is not available.', 'Please try again later.'],
           ['We\'re sorry, you have reached a number that has been disconnected or is no longer in service.']],
    'gb': [['The number you have called has not been recognised.'], ['The mobile phone you are calling is switched off.']],
    'de': [['Kein Anschluss unter dieser Nummer.'], ['Der gewünschte Gesprächspartner ist vorübergehend nicht erreichbar.']],
    'pl': [['Nie ma takiego numeru.'], ['Abonent czasowo niedostępny.', 'Prosimy zadzwonić później.']],
    'fr': [['Le numéro que vous avez demandé n\'est pas attribué.'], ['Votre correspondant n\'est pas joignable actuellement.', 'Veuillez rappeler ultérieurement.']],
    'tr': [['Aradığınız numara kullanılmamaktadır.'], ['Aradığınız kişiye şu anda ulaşılamıyor.', 'Lütfen daha sonra tekrar deneyin.']],
    'it': [['Il numero selezionato è inesistente.'], ['Il cliente da lei chiamato non è al momento raggiungibile.']],
}
# What carriers say after it has rung: the phone is there, nobody takes it.
NOANSWER = {
    'ru': [['Абонент не отвечает.', 'Попробуйте перезвонить позднее.'], ['Абонент не отвечает или временно занят.']],
    'uk': [['Абонент не відповідає.'], ['Абонент не відповідає, зателефонуйте пізніше.']],
    'kk': [['Абонент жауап бермейді.'], ['Абонент жауап бермейді, кейінірек қоңырау шалыңыз.']],
    'en': [['The person you are calling is not answering.'], ['Your party is not answering, please try again later.']],
}
