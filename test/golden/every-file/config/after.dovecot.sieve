require ["editheader"];
addheader :last "X-After" "yes";
